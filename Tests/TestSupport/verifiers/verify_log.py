#!/usr/bin/python3
"""Verifies one region's log without any code of the gateway's: python3 verify_log.py FOLDER VERIFIER-KEY

Ends with status 0 and `ok RECORDS COVERED`, or with status 1 and what is wrong. Of records that retention removed the tiles stand in, where
a signed `log.pruned` record says that they were removed.
"""

import base64
import hashlib
import json
import pathlib
import re
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """The roots of perfect subtrees on the right edge, largest first, each with its size."""

    def __init__(self):
        self.edge = []
        self.size = 0

    def append(self, leaf):
        self.size += 1
        size, root = 1, leaf
        while self.edge and self.edge[-1][0] == size:
            root = node(self.edge.pop()[1], root)
            size *= 2
        self.edge.append((size, root))

    def root(self):
        if not self.edge:
            return hashlib.sha256(b"").digest()
        root = self.edge[-1][1]
        for _, left in reversed(self.edge[:-1]):
            root = node(left, root)
        return root


def verifier(text):
    name, key_id, key = text.split("+", 2)
    raw = base64.b64decode(key)
    assert raw[0] == 1 and hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4].hex() == key_id, "not a key"
    return name, bytes.fromhex(key_id), Ed25519PublicKey.from_public_bytes(raw[1:])


def signed_text(note, keys):
    """A note's text where one of the keys signed it."""
    text, signatures = note.rsplit("\n\n", 1)
    text += "\n"
    for line in signatures.splitlines():
        dash, name, value = line.split(" ")
        value = base64.b64decode(value)
        for key_name, key_id, key in keys:
            if dash == "—" and name == key_name and value[:4] == key_id:
                key.verify(value[4:], text.encode())
                return text
    raise ValueError("no known key signed " + repr(text))


def checkpoints(folder, keys):
    """Sizes and roots of all checkpoints, oldest first. A note ends at an empty line behind a signature."""
    note = ""
    for line in (folder / "checkpoints.log").read_text().splitlines():
        if line or "\n— " not in note:
            note += line + "\n"
            continue
        text = signed_text(note, keys())
        origin, size, root = text.splitlines()[:3]
        yield origin, int(size), base64.b64decode(root)
        note = ""


def records(folder):
    """Each segment up to the number in the next one's name; a line without its newline is not there yet.

    What a segment holds from there on must stand again in the next one, cut anywhere, or be NUL bytes. No other files may be there but
    drafts and the ends that a crash tore off.
    """
    segments = sorted((folder / "segments").glob("*.jsonl"))
    for path in (folder / "segments").iterdir():
        assert re.fullmatch(r"\d{20}(\.jsonl|\.jsonl\.new|(\.\d+)?\.torn)", path.name), f"{path.name} is no file of a log"
    for path, behind in zip(segments, segments[1:] + [None]):
        end = int(behind.stem) if behind else None
        with open(path, "rb") as lines:
            seq = int(path.stem)
            while end is None or seq < end:
                line = lines.readline()
                if not line.endswith(b"\n"):
                    return
                yield line[:-1]
                seq = json.loads(line)["seq"] + 1
            with open(behind, "rb") as again:
                while rest := lines.read(1 << 16):
                    expected = again.read(len(rest)).ljust(len(rest), b"\0")
                    assert all(a in (0, b) for a, b in zip(rest, expected)), f"{path.name} goes on behind its end"


def removed_leaves(folder, count):
    """Hashes of the first records, from the tiles: a full one, or the widest there is."""
    for index in range((count + 255) // 256):
        groups = [f"{index % 1000:03}"]
        while index >= 1000:
            index //= 1000
            groups.insert(0, f"x{index % 1000:03}")
        path = folder.joinpath("tile", "0", *groups)
        if not path.exists():
            path = max((folder / (str(path.relative_to(folder)) + ".p")).iterdir(), key=lambda part: int(part.name))
        hashes = path.read_bytes()
        yield from (hashes[at:at + 32] for at in range(0, len(hashes), 32))


def main(folder, key):
    folder = pathlib.Path(folder)
    keys = [verifier(key)]
    origin = keys[0][0]
    tree = Tree()
    log = records(folder)
    first = min(int(path.stem) for path in (folder / "segments").glob("*.jsonl"))
    removed = removed_leaves(folder, first)
    told = 0
    covered = 0
    for name, size, root in checkpoints(folder, lambda: keys):
        assert name == origin, f"a checkpoint of {name}"
        assert size >= covered, f"a checkpoint of {size} records behind one of {covered}"
        while tree.size < size:
            if tree.size < first:
                tree.append(next(removed))
                continue
            line = next(log, None)
            assert line is not None, f"record {tree.size} is missing"
            record = json.loads(line)
            assert record["seq"] == tree.size, f"record {record['seq']} stands at {tree.size}"
            if record["type"] == "log.rotated_key":
                keys.append(verifier(signed_text(record["signature"], keys).splitlines()[2]))
            if record["type"] == "log.pruned":
                told = max(told, record["end"])
            tree.append(hashlib.sha256(b"\x00" + line).digest())
        assert tree.root() == root, f"the checkpoint of {size} records is not of this log"
        covered = size
    assert covered > 0, "no checkpoint"
    assert told >= first, f"record {told} is missing"
    rest = sum(1 for _ in log)
    print("ok", covered + rest, covered)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (AssertionError, InvalidSignature, ValueError, KeyError, OSError) as problem:
        sys.exit(f"not verified: {problem!r}")
