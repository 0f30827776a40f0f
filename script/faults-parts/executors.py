"""The load: executors of several rules, some that come and go and some that stay, and what each of them saw."""

import threading
import time
import typing

import client

PAUSE_OF_COMERS = 0.2
PAUSE_OF_STAYERS = 0.1
# What a server's log is searched for: a statement of an executor's, not one of the gateway's own.
MARK = "executor"


class Kind(typing.NamedTuple):
    """What one executor does. `home` is the server that serves it while nothing is wrong."""

    name: str
    rule: str
    stays: bool
    database: str
    user: str
    token: str
    home: str

    @property
    def application(self):
        return f"faults/{self.rule}/{self.name}"

    @property
    def sql(self):
        if self.user == "writer":
            return f"INSERT INTO notes (body) VALUES ('{MARK}') RETURNING pg_catalog.current_setting('cluster_name')"
        return f"SELECT pg_catalog.current_setting('cluster_name'), '{MARK}'"


EU_A, EU_B, US_A = "orders-eu-a", "orders-eu-b", "orders-us-a"
KINDS = (
    Kind("analyst", "eu-analysts", False, "orders", "analyst", "eu-analyst", EU_A),
    Kind("analyst-central", "eu-analysts", False, "orders@eu-central-1", "analyst", "eu-analyst", EU_B),
    Kind("analyst-fresh", "eu-analysts", False, "ledger@eu-central-1", "analyst", "eu-analyst", EU_B),
    Kind("writer", "eu-writers", False, "orders", "writer", "eu-writer", EU_A),
    Kind("writer-auto", "eu-writers", False, "ledger", "writer", "eu-writer", EU_A),
    Kind("american", "us-analysts", False, "orders", "analyst", "us-analyst", US_A),
    Kind("analyst-stays", "eu-analysts", True, "orders", "analyst", "eu-analyst", EU_A),
    Kind("analyst-central-stays", "eu-analysts", True, "orders@eu-central-1", "analyst", "eu-analyst", EU_B),
    Kind("writer-stays", "eu-writers", True, "orders", "writer", "eu-writer", EU_A),
    Kind("writer-auto-stays", "eu-writers", True, "ledger", "writer", "eu-writer", EU_A),
    Kind("american-stays", "us-analysts", True, "orders", "analyst", "us-analyst", US_A),
)
NAMES = tuple(kind.name for kind in KINDS)


class Event(typing.NamedTuple):
    """What an executor saw of one login with its first statement, or of one later statement (`live`)."""

    at: float
    begun: float
    kind: Kind
    live: bool
    # "ok", an SQLSTATE, "hang", or "closed": ended without a word.
    outcome: str
    # The server that answered, by its own word.
    server: str | None = None
    detail: str = ""
    # That was the end of a session that lived.
    ended: bool = False

    @property
    def seconds(self):
        return self.at - self.begun


class Executor(threading.Thread):
    """One of them, until it is told to stop."""

    def __init__(self, kind, load):
        super().__init__(name=kind.name, daemon=True)
        self.kind = kind
        self.load = load
        self.renew = threading.Event()
        self.last = None

    def run(self):
        session = None
        pause = PAUSE_OF_STAYERS if self.kind.stays else PAUSE_OF_COMERS
        while not self.load.stopping.is_set():
            if session is not None and (self.renew.is_set() or not self.kind.stays):
                session.close()
                session = None
            self.renew.clear()
            session = self.turn(session)
            self.load.stopping.wait(pause)
        if session is not None:
            session.close()

    def turn(self, session):
        """One login or one statement; the session, where there is one afterwards."""
        begun, live = time.monotonic(), session is not None
        outcome, server, detail, fatal = "ok", None, "", True
        try:
            if session is None:
                session = client.Client(self.load.port, self.load.context)
                session.login(self.kind.user, self.kind.database, self.kind.application, self.load.tokens[self.kind.token])
            server = session.query(self.kind.sql)
        except client.Refused as refused:
            outcome, detail, fatal = refused.sqlstate, f"{refused} {refused.detail}", refused.is_fatal
        except client.Hang:
            outcome = "hang"
        except client.Closed as problem:
            outcome, detail = "closed", str(problem)
        ended = outcome != "ok" and fatal
        self.last = Event(time.monotonic(), begun, self.kind, live, outcome, server, detail, live and ended)
        self.load.events.append(self.last)
        if ended and session is not None:
            session.close()
            return None
        return session


class Load:
    """All executors and all that they saw."""

    def __init__(self, port, authority, tokens):
        self.port = port
        self.context = client.tls(authority)
        self.tokens = tokens
        self.stopping = threading.Event()
        # Appending to a list is one step for Python's threads.
        self.events = []
        self.executors = [Executor(kind, self) for kind in KINDS]

    def start(self):
        for executor in self.executors:
            executor.start()

    def stop(self):
        self.stopping.set()
        for executor in self.executors:
            executor.join(client.HANG_SECONDS + 2)

    def away(self, since, homes):
        """Those that were not served where they belong since then."""
        found = []
        for executor in self.executors:
            last = executor.last
            home = homes.get(executor.kind.name, executor.kind.home)
            if last is None or last.begun < since or last.outcome != "ok" or last.server != home:
                found.append(executor.kind.name)
        return found

    def send_home(self):
        """Has those that stayed elsewhere log in anew: what was chosen for them once holds as long as the session."""
        for executor in self.executors:
            last = executor.last
            if executor.kind.stays and (last is None or last.server != executor.kind.home):
                executor.renew.set()

    def between(self, begin, end):
        return [event for event in list(self.events) if event.begun >= begin - client.HANG_SECONDS
                and begin <= event.at <= end]
