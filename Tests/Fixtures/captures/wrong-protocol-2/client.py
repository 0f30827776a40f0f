"""The startup packet of protocol 2.0: fields of fixed size."""

import os
import socket

with socket.create_connection((os.environ["PGHOST"], int(os.environ["PGPORT"])), timeout=8) as peer:
    peer.settimeout(8)
    peer.sendall(bytes.fromhex('00000128' '00020000') + b'capture'.ljust(64, b'\0') + b'app'.ljust(224, b'\0'))
    while peer.recv(4096):
        pass
