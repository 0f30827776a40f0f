"""One PostgreSQL session, blocking: what is measured beside many others."""

import socket
import ssl
import time


class Session:
    """Logs in with a token; `query` runs a statement and returns the seconds it took."""

    def __init__(self, port, database, token, authority=None, timeout=20):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if authority:
            self.socket.sendall(bytes.fromhex("0000000804d2162f"))
            if self.socket.recv(1) != b"S":
                raise ConnectionError("TLS refused")
            context = ssl.create_default_context(cafile=authority)
            self.socket = context.wrap_socket(self.socket, server_hostname="127.0.0.1")
        self.buffer = b""
        words = [b"user", b"writer", b"database", database.encode(), b"application_name", b"load-probe"]
        body = (3 << 16).to_bytes(4, "big") + b"\0".join(words) + b"\0\0"
        self.socket.sendall((len(body) + 4).to_bytes(4, "big") + body)
        tag, body = self.message()
        if (tag, body) != (b"R", b"\0\0\0\3"):
            raise ConnectionError(f"{tag} {body}")
        self.send(b"p", token.encode() + b"\0")
        self.until_ready()

    def send(self, tag, body):
        self.socket.sendall(tag + (len(body) + 4).to_bytes(4, "big") + body)

    def message(self):
        while len(self.buffer) < 5 or len(self.buffer) < 1 + int.from_bytes(self.buffer[1:5], "big"):
            chunk = self.socket.recv(65536)
            if not chunk:
                raise ConnectionError("the connection ended")
            self.buffer += chunk
        end = 1 + int.from_bytes(self.buffer[1:5], "big")
        tag, body, self.buffer = self.buffer[:1], self.buffer[5:end], self.buffer[end:]
        return tag, body

    def until_ready(self):
        rows = 0
        while True:
            tag, body = self.message()
            if tag == b"E":
                raise ConnectionError(body.replace(b"\0", b" ").decode(errors="replace"))
            rows += tag == b"D"
            if tag == b"Z":
                return rows

    def query(self):
        begun = time.monotonic()
        self.send(b"Q", b"SELECT 1\0")
        if self.until_ready() != 1:
            raise ConnectionError("no row")
        return time.monotonic() - begun

    def queries(self, count, pause=0.005):
        times = []
        for _ in range(count):
            times.append(self.query())
            time.sleep(pause)
        return times

    def close(self):
        self.send(b"X", b"")
        self.socket.close()
