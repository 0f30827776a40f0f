"""The signed tree over a log that is made for measuring: tiles, a checkpoint for each 1,000 records, the key."""

import base64
import hashlib

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ORIGIN = "bench.example/audit/eu-west-1"
WIDTH = 256
INTERVAL = 1000


def node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


class SignedTree:
    """RFC 6962's tree in C2SP tlog-tiles, with checkpoints that a key of its own signs."""

    def __init__(self, folder):
        self.folder = folder
        self.levels = []
        # Roots of perfect subtrees at the right edge, each with its size, the largest first.
        self.edge = []
        self.size = 0
        self.key = Ed25519PrivateKey.generate()
        raw = self.key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        self.key_id = hashlib.sha256(ORIGIN.encode() + b"\n\x01" + raw).digest()[:4]
        self.verifier = f"{ORIGIN}+{self.key_id.hex()}+{base64.b64encode(bytes([1]) + raw).decode()}"
        self.notes = open(folder / "checkpoints.log", "wb")

    def add(self, line):
        """A record's line without its newline."""
        self.size += 1
        size, root = 1, hashlib.sha256(b"\x00" + line).digest()
        self.put(0, root)
        level = 0
        while self.edge and self.edge[-1][0] == size:
            root = node(self.edge.pop()[1], root)
            size *= 2
            level += 1
            if level % 8 == 0:
                self.put(level // 8, root)
        self.edge.append((size, root))
        if self.size % INTERVAL == 0:
            self.sign()

    def put(self, level, digest):
        if level == len(self.levels):
            self.levels.append([0, []])
        row = self.levels[level]
        row[1].append(digest)
        if len(row[1]) == WIDTH:
            self.write(level, row[0], row[1], "")
            row[0], row[1] = row[0] + 1, []

    def write(self, level, index, hashes, suffix):
        groups = [f"{index % 1000:03}"]
        while index >= 1000:
            index //= 1000
            groups.insert(0, f"x{index % 1000:03}")
        path = self.folder / "tile" / str(level) / ("/".join(groups) + suffix)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(hashes))

    def sign(self):
        root = self.edge[-1][1]
        for _, left in reversed(self.edge[:-1]):
            root = node(left, root)
        text = f"{ORIGIN}\n{self.size}\n{base64.b64encode(root).decode()}\n".encode()
        signature = base64.b64encode(self.key_id + self.key.sign(text)).decode()
        self.note = text + f"\n— {ORIGIN} {signature}\n".encode()
        self.notes.write(self.note + b"\n")

    def close(self):
        for level, (index, hashes) in enumerate(self.levels):
            if hashes:
                self.write(level, index, hashes, f".p/{len(hashes)}")
        if self.size % INTERVAL:
            self.sign()
        self.notes.close()
        (self.folder / "checkpoint").write_bytes(self.note)
