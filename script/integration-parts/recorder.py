"""Stands between a driver and the server in the direct run and notes what goes by.

The driver is shown the server's own certificate, so verify-full and channel binding are as without it. What it notes
is where the expected audit records come from: the log of the same programme through the gateway must say the same.
"""

import select
import socket
import ssl
import struct
import threading

import wire

PIECE = 1 << 16
MOST_WAITING = 1 << 20


class Recorder:
    def __init__(self, upstream, certificate, key, upstream_ca):
        self.upstream = upstream
        self.traces = []
        self.failures = []
        self.lock = threading.Lock()
        self.downstream_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.downstream_tls.load_cert_chain(certificate, key)
        self.upstream_tls = ssl.create_default_context(cafile=str(upstream_ca))
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def take(self):
        """What was noted since the last call."""
        with self.lock:
            found, self.traces = self.traces, []
            return found

    def close(self):
        self.listener.close()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        upstream = None
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            packet = read_packet(connection)
            while packet and code(packet) in (wire.SSL_REQUEST, wire.GSS_REQUEST):
                if code(packet) == wire.GSS_REQUEST:
                    connection.sendall(b"N")
                else:
                    connection.sendall(b"S")
                    connection = self.downstream_tls.wrap_socket(connection, server_side=True)
                packet = read_packet(connection)
            if not packet:
                return
            upstream = socket.create_connection(self.upstream)
            upstream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if code(packet) == wire.CANCEL_REQUEST:
                self.note_cancel(packet[8:])
                upstream.sendall(packet)
                upstream.recv(1)
                return
            upstream.sendall(struct.pack("!II", 8, wire.SSL_REQUEST))
            if upstream.recv(1) != b"S":
                raise OSError("the server does not speak TLS")
            upstream = self.upstream_tls.wrap_socket(upstream, server_hostname=self.upstream[0])
            trace = wire.Trace(wire.startup_parameters(packet))
            with self.lock:
                self.traces.append(trace)
            upstream.sendall(packet)
            relay(connection, upstream, trace)
        except (OSError, ssl.SSLError) as problem:
            self.failures.append(str(problem))
        finally:
            connection.close()
            if upstream is not None:
                upstream.close()

    def note_cancel(self, key):
        with self.lock:
            for trace in self.traces:
                if trace.key == key:
                    trace.cancels += 1


def code(packet):
    return struct.unpack_from("!I", packet, 4)[0]


def read_packet(connection):
    found = b""
    while len(found) < 4 or len(found) < struct.unpack("!I", found[:4])[0]:
        wanted = 4 if len(found) < 4 else struct.unpack("!I", found[:4])[0]
        piece = connection.recv(wanted - len(found))
        if not piece:
            return None
        found += piece
    return found


def relay(executor, server, trace):
    """One thread for both directions: a TLS connection must not be used by two at a time."""
    sides = {executor: (server, "F", wire.FrameReader()), server: (executor, "B", wire.FrameReader())}
    waiting = {executor: bytearray(), server: bytearray()}
    ended = set()
    executor.setblocking(False)
    server.setblocking(False)
    while not (ended and not any(waiting[peer] for peer in waiting if peer not in ended)):
        readers = [one for one in sides if one not in ended and len(waiting[sides[one][0]]) < MOST_WAITING]
        writers = [one for one in sides if waiting[one] and one not in ended]
        buffered = [one for one in readers if one.pending()] if ssl_both(sides) else []
        ready, writable, _ = (buffered, writers, []) if buffered else select.select(readers, writers, [])
        for one in ready:
            peer, side, frames = sides[one]
            try:
                piece = one.recv(PIECE)
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                continue
            except OSError:
                piece = b""
            if not piece:
                ended.add(one)
                continue
            trace.add(side, frames.feed(piece))
            waiting[peer] += piece
        for one in writable:
            try:
                del waiting[one][:one.send(bytes(waiting[one][:PIECE]))]
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                continue
            except OSError:
                ended.add(one)


def ssl_both(sides):
    return all(isinstance(one, ssl.SSLSocket) for one in sides)
