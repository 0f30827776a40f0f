"""A major version that does not exist."""

import os
import socket

with socket.create_connection((os.environ["PGHOST"], int(os.environ["PGPORT"])), timeout=8) as peer:
    peer.settimeout(8)
    packet = bytes.fromhex('00040000') + b'user\0app\0\0'
    peer.sendall((len(packet) + 4).to_bytes(4, 'big') + packet)
    while peer.recv(4096):
        pass
