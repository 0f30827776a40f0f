"""PostgreSQL's frames as they go by: enough of the protocol to know what a driver said and what it was answered."""

import struct

SSL_REQUEST = 80877103
GSS_REQUEST = 80877104
CANCEL_REQUEST = 80877102


class FrameReader:
    """Cuts a stream of bytes into (type, body)."""

    def __init__(self):
        self.bytes = bytearray()

    def feed(self, piece):
        self.bytes += piece
        at = 0
        frames = []
        while len(self.bytes) - at >= 5:
            length = struct.unpack_from("!I", self.bytes, at + 1)[0]
            if len(self.bytes) - at < 1 + length:
                break
            frames.append((chr(self.bytes[at]), bytes(self.bytes[at + 5:at + 1 + length])))
            at += 1 + length
        del self.bytes[:at]
        return frames


class Trace:
    """One session as it was seen on the wire: (side, type, body), side F or B, in order.

    `login` has what the server said at the login, without how it authenticates and the cancel key.
    """

    def __init__(self, parameters):
        self.parameters = parameters
        self.events = []
        self.login = []
        self.is_ready = False
        self.cancels = 0
        self.key = None

    def add(self, side, frames):
        for kind, body in frames:
            if self.is_ready:
                self.events.append((side, kind, body))
            elif side == "B":
                if kind == "K":
                    self.key = body
                if kind not in "RK":
                    self.login.append((kind, body))
                self.is_ready = kind == "Z"


def startup_parameters(body):
    """The names and values of a startup packet behind its version."""
    words = body[8:].split(b"\0")
    return {words[i].decode(): words[i + 1].decode() for i in range(0, len(words) - 1, 2) if words[i]}


class Body:
    """Reads fields of a frame's body."""

    def __init__(self, body):
        self.body = body
        self.at = 0

    def text(self):
        end = self.body.index(b"\0", self.at)
        found = self.body[self.at:end]
        self.at = end + 1
        return found

    def integer(self, form):
        found = struct.unpack_from("!" + form, self.body, self.at)[0]
        self.at += struct.calcsize(form)
        return found

    def integers(self, form):
        return [self.integer(form) for _ in range(self.integer("h"))]

    def values(self):
        """A Bind's or FunctionCall's values: bytes, or None for NULL."""
        found = []
        for _ in range(self.integer("h")):
            length = self.integer("i")
            found.append(None if length < 0 else self.body[self.at:self.at + length])
            self.at += max(length, 0)
        return found


def sqlstate(body):
    for field in body.split(b"\0"):
        if field[:1] == b"C":
            return field[1:].decode()
    return None
