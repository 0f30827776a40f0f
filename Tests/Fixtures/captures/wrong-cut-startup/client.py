"""Half of a startup packet."""

import os
import socket

with socket.create_connection((os.environ["PGHOST"], int(os.environ["PGPORT"])), timeout=8) as peer:
    peer.settimeout(8)
    peer.sendall(bytes.fromhex('00000029' '00030000') + b'user\0app')
    peer.shutdown(socket.SHUT_WR)
    while peer.recv(4096):
        pass
