"""Asks for GSSAPI encryption and leaves."""

import os
import socket

with socket.create_connection((os.environ["PGHOST"], int(os.environ["PGPORT"])), timeout=8) as peer:
    peer.settimeout(8)
    peer.sendall(bytes.fromhex('00000008' '04d21630'))
    assert peer.recv(1) == b'G'
