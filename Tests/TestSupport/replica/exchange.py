#!/usr/bin/python3
"""A replica's address behind which the server is exchanged while a test runs.

exchange.py FOLDER: listens on a port of 127.0.0.1, which is the first line that it prints. What a connection meets is
said by the file FOLDER/server at that moment: `forward PORT`, bytes pass unread to that port of this host and back; or
`record CERTIFICATE KEY`, a server that takes TLS with that certificate, says nothing more, and writes down what it is
told. Of each connection that is recorded a line tells how far it came: `connected`, `tls`, `no tls`, and `data HEX`.
"""

import pathlib
import select
import socket
import ssl
import struct
import sys
import threading

SSL_REQUEST = struct.pack("!II", 8, 80877103)
PATIENCE = 5
printing = threading.Lock()


def say(text):
    with printing:
        print(text, flush=True)


def forward(plain, port):
    server = socket.create_connection(("127.0.0.1", port))
    server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    peers = {plain: server, server: plain}
    try:
        while True:
            for one in select.select(list(peers), (), ())[0]:
                data = one.recv(65536)
                if not data:
                    return
                peers[one].sendall(data)
    finally:
        server.close()


def record(plain, certificate, key):
    say("connected")
    plain.settimeout(PATIENCE)
    first = plain.recv(8, socket.MSG_WAITALL)
    if first != SSL_REQUEST:
        say("data " + first.hex())
        return
    plain.sendall(b"S")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    try:
        stream = context.wrap_socket(plain, server_side=True)
        # With TLS 1.3 the client's refusal comes behind the handshake: it is in the first read.
        data = stream.recv(65536)
    except OSError:
        say("no tls")
        return
    say("tls")
    while data:
        say("data " + data.hex())
        data = stream.recv(65536)


def serve(plain, folder):
    try:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        words = (folder / "server").read_text().split()
        if words[0] == "forward":
            forward(plain, int(words[1]))
        else:
            record(plain, words[1], words[2])
    except OSError:
        pass
    plain.close()


def main():
    folder = pathlib.Path(sys.argv[1])
    listener = socket.create_server(("127.0.0.1", 0), backlog=200)
    say(listener.getsockname()[1])
    while True:
        plain, _ = listener.accept()
        threading.Thread(target=serve, args=(plain, folder), daemon=True).start()


main()
