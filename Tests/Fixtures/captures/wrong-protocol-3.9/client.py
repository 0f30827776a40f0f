"""Asks for protocol 3.9."""

import os
import socket

with socket.create_connection((os.environ["PGHOST"], int(os.environ["PGPORT"])), timeout=8) as peer:
    peer.settimeout(8)
    packet = bytes.fromhex('00030009') + b'user\0app\0database\0capture\0_pq_.future\0yes\0\0'
    peer.sendall((len(packet) + 4).to_bytes(4, 'big') + packet)
    received = b''
    while b'Z\0\0\0\5I' not in received:
        received += peer.recv(4096)
    peer.sendall(b'X\0\0\0\4')
    while peer.recv(4096):
        pass
