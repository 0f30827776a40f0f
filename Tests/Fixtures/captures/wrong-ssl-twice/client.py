"""Asks for TLS again after N."""

import os
import socket

with socket.create_connection((os.environ["PGHOST"], int(os.environ["PGPORT"])), timeout=8) as peer:
    peer.settimeout(8)
    peer.sendall(bytes.fromhex('00000008' '04d2162f'))
    assert peer.recv(1) == b'N'
    peer.sendall(bytes.fromhex('00000008' '04d2162f'))
    while peer.recv(4096):
        pass
