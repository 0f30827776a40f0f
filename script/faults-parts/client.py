"""An executor's connection, as small as it can be: it knows exactly which SQLSTATE came, and when."""

import socket
import ssl
import struct

import wire

# No answer for this long is a hang: no gateway may leave an executor waiting beyond its `startup_timeout`.
HANG_SECONDS = 10


class Refused(Exception):
    """An ErrorResponse."""

    def __init__(self, body):
        fields = {field[:1].decode(): field[1:].decode(errors="replace") for field in body.split(b"\0") if field}
        super().__init__(fields.get("M", ""))
        self.sqlstate = fields.get("C", "")
        self.detail = fields.get("D", "")
        self.is_fatal = fields.get("V") in ("FATAL", "PANIC")


class Hang(Exception):
    """No answer in time."""


class Closed(Exception):
    """The connection ended without a word."""


class Client:
    """One session through the gateway, over TLS, with the token as its password."""

    def __init__(self, port, context):
        self.reader = wire.FrameReader()
        self.frames = []
        self.socket = None
        try:
            plain = socket.create_connection(("127.0.0.1", port), timeout=HANG_SECONDS)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.socket = plain
            plain.sendall(struct.pack("!II", 8, wire.SSL_REQUEST))
            if plain.recv(1) != b"S":
                raise Closed
            self.socket = context.wrap_socket(plain, server_hostname="127.0.0.1")
        except TimeoutError as problem:
            self.close()
            raise Hang from problem
        except OSError as problem:
            self.close()
            raise Closed(str(problem)) from problem

    def close(self):
        """Ends the session in order, where there is one."""
        if self.socket is None:
            return
        try:
            self.send(b"X", b"")
        except (Closed, Hang):
            pass
        self.socket.close()
        self.socket = None

    def login(self, user, database, application, token):
        words = ["user", user, "database", database, "application_name", application]
        body = struct.pack("!I", 196608) + b"".join(word.encode() + b"\0" for word in words) + b"\0"
        self.send(b"", body)
        kind, body = self.receive()
        if kind != "R" or body != struct.pack("!I", 3):
            raise Refused(body) if kind == "E" else Closed(f"{kind} in place of a request for the token")
        self.send(b"p", token.encode() + b"\0")
        self.until_ready()

    def query(self, sql):
        """The first value of the last row, or None."""
        self.send(b"Q", sql.encode() + b"\0")
        return self.until_ready()

    def until_ready(self):
        value, refused = None, None
        while True:
            kind, body = self.receive()
            if kind == "E":
                refused = Refused(body)
                if refused.is_fatal:
                    raise refused
            elif kind == "D":
                row = wire.Body(body)
                value = (row.values() or [None])[0]
            elif kind == "Z":
                if refused is not None:
                    raise refused
                return None if value is None else value.decode(errors="replace")

    def send(self, kind, body):
        try:
            self.socket.sendall(kind + struct.pack("!I", len(body) + 4) + body)
        except TimeoutError as problem:
            raise Hang from problem
        except OSError:
            # What the other side said before it closed is still to be read.
            pass

    def receive(self):
        while not self.frames:
            try:
                piece = self.socket.recv(65536)
            except TimeoutError as problem:
                raise Hang from problem
            except OSError as problem:
                raise Closed(str(problem)) from problem
            if not piece:
                raise Closed
            self.frames += self.reader.feed(piece)
        return self.frames.pop(0)


def tls(authority):
    return ssl.create_default_context(cafile=authority)
