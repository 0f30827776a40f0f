"""Executors that write down each statement they sent, and what they were told of it."""

import collections
import itertools
import struct
import threading
import time
import typing

import client

# Bytes of padding in a large statement: some forty of them fill a segment.
LARGE = 24_000
PAUSE = 0.004
PAUSE_AFTER_FAILURE = 0.05
KINDS = ("simple", "extended", "large")


class Entry(typing.NamedTuple):
    """One statement, or one login where `mark` is None. `told` is "ok", an SQLSTATE, "closed", "hang" or "wrong answer"."""

    mark: str | None
    kind: str
    sent: float
    at: float
    told: str
    detail: str = ""


class Session(client.Client):
    """A session that also knows the extended protocol."""

    def extended(self, sql):
        """Parse, Bind, Execute and Sync at once; the first value of the last row."""
        parse = b"\0" + sql.encode() + b"\0\0\0"
        bind = b"\0\0" + struct.pack("!HHH", 0, 0, 0)
        execute = b"\0" + struct.pack("!I", 0)
        frames = [(b"P", parse), (b"B", bind), (b"E", execute), (b"S", b"")]
        self.raw(b"".join(kind + struct.pack("!I", len(body) + 4) + body for kind, body in frames))
        return self.until_ready()

    def raw(self, data):
        try:
            self.socket.sendall(data)
        except TimeoutError as problem:
            raise client.Hang from problem
        except OSError:
            # What the other side said before it closed is still to be read.
            pass


class Executor(threading.Thread):
    """Sends one statement after the other until it is told to stop, and logs in again where its session ended."""

    def __init__(self, load, kind, name):
        super().__init__(name=name, daemon=True)
        self.load = load
        self.kind = kind
        self.numbers = itertools.count()
        self.entries = []
        # The statement that has no end yet, and since when; None: there is none.
        self.under_way = None

    def run(self):
        session = None
        while not self.load.stopping.is_set():
            session = self.login() if session is None else self.statement(session)
            is_well = not self.entries or self.entries[-1].told == "ok"
            self.load.stopping.wait(PAUSE if is_well else PAUSE_AFTER_FAILURE)
        if session is not None:
            session.close()

    def login(self):
        begun = time.monotonic()
        session = None
        told, detail = "ok", ""
        try:
            session = Session(self.load.port, self.load.context)
            session.login("analyst", self.load.database, "faults-audit", self.load.token)
        except (client.Refused, client.Hang, client.Closed) as problem:
            told, detail, _ = told_by(problem)
            if session is not None:
                session.close()
            session = None
        self.entries.append(Entry(None, self.kind, begun, time.monotonic(), told, detail))
        return session

    def statement(self, session):
        mark = f"{self.load.name}/{self.name}/{next(self.numbers)}"
        sql = f"SELECT '{mark}'"
        if self.kind == "large":
            sql += f" /* {'x' * LARGE} */"
        begun = time.monotonic()
        self.under_way = (mark, begun)
        told, detail, is_over = "ok", "", False
        try:
            value = session.extended(sql) if self.kind == "extended" else session.query(sql)
            if value != mark:
                told, detail = "wrong answer", str(value)
        except (client.Refused, client.Hang, client.Closed) as problem:
            told, detail, is_over = told_by(problem)
        self.entries.append(Entry(mark, self.kind, begun, time.monotonic(), told, detail))
        self.under_way = None
        if is_over:
            session.close()
            return None
        return session


def told_by(problem):
    """(what was told, its words, whether the session is over)."""
    if isinstance(problem, client.Refused):
        return problem.sqlstate, f"{problem} {problem.detail}", problem.is_fatal
    return ("hang" if isinstance(problem, client.Hang) else "closed"), str(problem), True


class Load:
    """Executors that work at a database through the gateway, from `start` to `stop`."""

    def __init__(self, place, name, kinds=KINDS, database="orders", persona="eu-analyst"):
        self.name = f"mark/{name}"
        self.port = place.port("gateway")
        self.context = client.tls(place.testbed.certificates / "gateway-ca.crt")
        self.database = database
        self.token = place.tokens[persona]
        self.stopping = threading.Event()
        self.executors = [Executor(self, kind, f"{kind}{number}") for number, kind in enumerate(kinds)]

    def __enter__(self):
        for executor in self.executors:
            executor.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.stopping.set()
        for executor in self.executors:
            executor.join(client.HANG_SECONDS + 2)

    @property
    def entries(self):
        return [entry for executor in self.executors for entry in list(executor.entries)]

    def waiting(self, before):
        """Marks of statements that were sent before a moment and have no end yet."""
        found = [executor.under_way for executor in self.executors]
        return {one[0] for one in found if one is not None and one[1] < before}

    def served_since(self, moment):
        """Whether each executor had a statement answered that it sent since then."""
        return all(any(entry.mark is not None and entry.told == "ok" and entry.sent >= moment
                       for entry in reversed(executor.entries)) for executor in self.executors)

    def saw(self):
        return collections.Counter(entry.told for entry in self.entries)
