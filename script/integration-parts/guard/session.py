"""A session that says exactly what a case says, in either protocol, and keeps every word of the answer."""

import socket
import struct

import wire

# No answer for this long is a hang.
PATIENCE_SECONDS = 30


class Ended(Exception):
    """The session is over: a FATAL error's SQLSTATE and texts, or "closed" and "hang"."""

    def __init__(self, sqlstate, text=""):
        super().__init__(f"{sqlstate} {text}".strip())
        self.sqlstate = sqlstate


class Answer:
    """What came back for one message, up to ReadyForQuery."""

    def __init__(self):
        # ("columns", ...), ("row", ...), ("tag", text), ("copy", bytes), ("error", SQLSTATE, message, detail), ("notice", ...)
        self.events = []
        # I, T or E: the state of the transaction afterwards.
        self.state = "?"

    @property
    def errors(self):
        return [event for event in self.events if event[0] == "error"]

    @property
    def tags(self):
        return [event[1] for event in self.events if event[0] == "tag"]

    @property
    def sqlstate(self):
        return self.errors[0][1] if self.errors else None

    @property
    def value(self):
        """The first value of the last row."""
        rows = [event for event in self.events if event[0] == "row"]
        return rows[-1][1][0].decode(errors="replace") if rows and rows[-1][1][0] is not None else None

    def holds(self, word):
        """Whether a row or a piece of COPY has these bytes, as they are or in hexadecimal."""
        forms = (word, word.hex().encode())
        for event in self.events:
            pieces = event[1] if event[0] == "row" else [event[1]] if event[0] == "copy" else []
            if any(form in piece for piece in pieces if piece is not None for form in forms):
                return True
        return False

    def __str__(self):
        words = [f"{event[1]} ({event[2]}{'; ' + event[3] if event[3] else ''})" for event in self.errors]
        return ", ".join([*self.tags, *words])[:300] or "nothing"


class Session:
    """One session at a Unix socket. `token` answers the request for a password."""

    def __init__(self, path, user, database, token=None, options=None, application="guard", patience=PATIENCE_SECONDS):
        self.user = user
        self.reader = wire.FrameReader()
        self.frames = []
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(patience)
        try:
            self.socket.connect(str(path))
            words = ["user", user, "database", database, "application_name", application, "client_encoding", "UTF8"]
            if options:
                words += ["options", options]
            body = struct.pack("!I", 196608) + b"".join(word.encode() + b"\0" for word in words) + b"\0"
            self.socket.sendall(struct.pack("!I", len(body) + 4) + body)
            self.login(token)
        except OSError as problem:
            self.socket.close()
            raise Ended("closed", str(problem)) from problem
        except Ended:
            self.socket.close()
            raise

    def login(self, token):
        while True:
            kind, body = self.receive()
            if kind == "R":
                method = struct.unpack("!I", body[:4])[0]
                if method == 3:
                    self.send("p", token.encode() + b"\0")
                elif method != 0:
                    raise Ended("closed", f"asked for authentication {method}")
            elif kind == "Z":
                return

    def close(self):
        try:
            self.send("X", b"")
        except Ended:
            pass
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def simple(self, text, copy_data=b""):
        self.send("Q", as_bytes(text) + b"\0")
        return self.answer(copy_data)

    def extended(self, text, parameters=(), copy_data=b""):
        values = b"".join(struct.pack("!i", -1) if value is None else struct.pack("!i", len(as_bytes(value))) + as_bytes(value)
                          for value in parameters)
        bind = b"\0\0" + struct.pack("!hh", 0, len(parameters)) + values + struct.pack("!h", 0)
        self.socket_send(frame("P", b"\0" + as_bytes(text) + b"\0" + struct.pack("!h", 0)) + frame("B", bind)
                         + frame("D", b"P\0") + frame("E", b"\0" + struct.pack("!i", 0)) + frame("S", b""))
        return self.answer(copy_data, is_extended=True)

    def value(self, text):
        """Of a statement that must not fail."""
        answer = self.simple(text)
        if answer.errors:
            raise Ended(answer.sqlstate, f"{text}: {answer}")
        return answer.value

    def answer(self, copy_data, is_extended=False):
        answer = Answer()
        while True:
            kind, body = self.receive()
            if kind == "Z":
                answer.state = body.decode()
                return answer
            if kind == "G":
                self.copy_in(copy_data, is_extended)
            elif kind == "T":
                answer.events.append(("columns", columns(body)))
            elif kind == "D":
                answer.events.append(("row", wire.Body(body).values()))
            elif kind == "C":
                answer.events.append(("tag", body[:-1].decode()))
            elif kind == "I":
                answer.events.append(("tag", "(empty query)"))
            elif kind == "d":
                answer.events.append(("copy", body))
            elif kind in "EN":
                answer.events.append(("error" if kind == "E" else "notice", *fields(body)))

    def copy_in(self, data, is_extended):
        # In the extended protocol the server takes the Sync that came early for the end of the copying.
        end = frame("S", b"") if is_extended else b""
        self.socket_send(frame("d", as_bytes(data)) + frame("c", b"") + end)

    def send(self, kind, body):
        self.socket_send(frame(kind, body))

    def socket_send(self, data):
        try:
            self.socket.sendall(data)
        except TimeoutError as problem:
            raise Ended("hang") from problem
        except OSError:
            # What the other side said before it closed is still to be read.
            pass

    def receive(self):
        while not self.frames:
            try:
                piece = self.socket.recv(1 << 18)
            except TimeoutError as problem:
                raise Ended("hang") from problem
            except OSError as problem:
                raise Ended("closed", str(problem)) from problem
            if not piece:
                raise Ended("closed")
            self.frames += self.reader.feed(piece)
        kind, body = self.frames.pop(0)
        if kind == "E" and b"VFATAL\0" in body:
            sqlstate, message, detail = fields(body)
            raise Ended(sqlstate, f"{message} {detail}".strip())
        return kind, body


def as_bytes(text):
    return text if isinstance(text, bytes) else text.encode()


def frame(kind, body):
    return kind.encode() + struct.pack("!I", len(body) + 4) + body


def columns(body):
    """Name and type of each."""
    reader = wire.Body(body)
    found = []
    for _ in range(reader.integer("h")):
        name = reader.text()
        reader.at += 6
        found.append((name, reader.integer("I")))
        reader.at += 8
    return found


def fields(body):
    """SQLSTATE, message, detail."""
    found = {field[:1]: field[1:].decode(errors="replace") for field in body.split(b"\0") if field}
    return found.get(b"C", ""), found.get(b"M", ""), found.get(b"D", "")
