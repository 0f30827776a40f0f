#!/usr/bin/python3
"""A relay before a PostgreSQL server that breaks the protocol where a session's application_name asks for it.

hostile_replica.py PORT CERTIFICATE KEY: relays to 127.0.0.1:PORT over TLS, with the certificate given, which must be the
server's own: SCRAM binds to it. The first line that it prints is the port it listens on; each further one is a plan
that it played. A plan is an application_name `hostile:STAGE:AFTER:HEX:END`, see HostileReplica.swift.
"""

import select
import socket
import ssl
import struct
import sys
import threading

SSL_REQUEST = struct.pack("!II", 8, 80877103)
MARK = b"hostile mark"
printing = threading.Lock()


def say(text):
    with printing:
        print(text, flush=True)


def exactly(stream, count):
    data = b""
    while len(data) < count:
        piece = stream.recv(count - len(data))
        if not piece:
            raise OSError("closed")
        data += piece
    return data


def parameters(packet):
    words = packet[8:].split(b"\0")
    return dict(zip(words[0::2], words[1::2]))


class Session:
    """One connection. A single thread reads and writes: OpenSSL's objects are not for two."""

    def __init__(self, plain, port, accepting, connecting):
        if exactly(plain, 8) != SSL_REQUEST:
            raise OSError("no SSLRequest")
        plain.sendall(b"S")
        self.gateway = accepting.wrap_socket(plain, server_side=True)
        raw = socket.create_connection(("127.0.0.1", port))
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        raw.sendall(SSL_REQUEST)
        if exactly(raw, 1) != b"S":
            raise OSError("the server has no TLS")
        self.server = connecting.wrap_socket(raw)
        head = exactly(self.gateway, 4)
        packet = head + exactly(self.gateway, struct.unpack("!I", head)[0] - 4)
        name = parameters(packet).get(b"application_name", b"").decode(errors="replace")
        plan = name.split(":") if name.startswith("hostile:") else ["", "", "0", "", ""]
        self.name, self.stage, self.how = name, plan[1], plan[4]
        self.frames, self.data = int(plan[2]), bytes.fromhex(plan[3])
        self.is_played = False
        self.ahead = b""
        self.server.sendall(packet)

    def run(self):
        if self.stage == "login" and self.frames == 0:
            self.play()
        while True:
            for one in self.ready():
                data = one.recv(65536)
                if not data:
                    raise OSError("closed")
                if one is self.gateway:
                    self.from_gateway(data)
                else:
                    self.from_server(data)

    def ready(self):
        both = (self.gateway, self.server)
        return [one for one in both if one.pending()] or select.select(both, (), ())[0]

    def from_gateway(self, data):
        if self.stage == "session" and MARK in data:
            self.play()
        elif not self.is_played or self.how == "drip":
            self.server.sendall(data)

    def from_server(self, data):
        if self.is_played and self.how == "drip":
            for place in range(len(data)):
                self.gateway.sendall(data[place:place + 1])
        elif self.stage == "login" and not self.is_played:
            self.pass_frames(data)
        elif not self.is_played:
            self.gateway.sendall(data)

    def pass_frames(self, data):
        """Passes so many frames on as the plan says, then plays it."""
        self.ahead += data
        while self.frames > 0 and len(self.ahead) >= 5:
            length = 1 + struct.unpack("!I", self.ahead[1:5])[0]
            if len(self.ahead) < length:
                return
            self.gateway.sendall(self.ahead[:length])
            self.ahead = self.ahead[length:]
            self.frames -= 1
        if self.frames == 0:
            self.play()

    def play(self):
        self.is_played = True
        say(self.name)
        if self.data:
            self.gateway.sendall(self.data)
        if self.how == "reset":
            self.gateway.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if self.how in ("close", "reset"):
            raise OSError("as planned")

    def end(self):
        self.gateway.close()
        self.server.close()


def serve(plain, *arguments):
    session = None
    try:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        session = Session(plain, *arguments)
        session.run()
    except (OSError, struct.error):
        pass
    if session:
        session.end()
    plain.close()


def main():
    port, certificate, key = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    accepting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    accepting.load_cert_chain(certificate, key)
    connecting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    connecting.check_hostname = False
    connecting.verify_mode = ssl.CERT_NONE
    listener = socket.create_server(("127.0.0.1", 0), backlog=200)
    say(listener.getsockname()[1])
    while True:
        plain, _ = listener.accept()
        threading.Thread(target=serve, args=(plain, port, accepting, connecting), daemon=True).start()


main()
