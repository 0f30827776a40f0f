"""Bytes that count down."""

import os
import socket

with socket.create_connection((os.environ["PGHOST"], int(os.environ["PGPORT"])), timeout=8) as peer:
    peer.settimeout(8)
    peer.sendall(bytes(range(255, 155, -1)))
    while peer.recv(4096):
        pass
