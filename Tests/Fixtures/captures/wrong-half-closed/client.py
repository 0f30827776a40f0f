"""Half-closes behind its last message."""

import os
import socket

with socket.create_connection((os.environ["PGHOST"], int(os.environ["PGPORT"])), timeout=8) as peer:
    peer.settimeout(8)
    packet = bytes.fromhex('00030000') + b'user\0app\0database\0capture\0\0'
    peer.sendall((len(packet) + 4).to_bytes(4, 'big') + packet)
    received = b''
    while b'Z\0\0\0\5I' not in received:
        received += peer.recv(4096)
    peer.sendall(b'Q\0\0\0\x0dselect 1\0')
    peer.shutdown(socket.SHUT_WR)
    while peer.recv(4096):
        pass
