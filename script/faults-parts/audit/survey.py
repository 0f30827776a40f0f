"""Which system calls an append, a rotation and a checkpoint are made of: found by a traced run, so that no list grows old; and
which threads make them."""

import collections
import dataclasses
import re
import time

from place import REGION
from strace import Strace

# What may touch a file.
CALLS = ("access", "close", "fdatasync", "fstatfs", "fsync", "ftruncate", "getdents64", "mkdir", "newfstatat", "openat",
         "pread64", "rename", "rmdir", "unlink", "write")
# Long enough for some rounds of the tree, which signs every second, and some rotations.
SECONDS = 3.3
LINE = re.compile(r"^(\d+) +(\w+)\(")


@dataclasses.dataclass(frozen=True)
class Threads:
    """Who writes records and syncs them on a fast disk, who syncs them otherwise and repairs the log, who makes the tree: ids of
    threads."""

    worker: int
    writer: int
    tree: int


def find(place):
    """The threads of the region's log, by their names."""
    return Threads(*(place.threads(name)[0] for name in ("worker", f"audit {REGION}", f"tree {REGION}")))


def count(place, threads):
    """{(role, call): the most of them in one checkpoint, or one rotation}, of those that touch the log or its head."""
    paths = (str(place.log), str(place.testbed.folder / "state" / "audit-heads"))
    with Strace(place.threads("all"), CALLS, follows=True) as strace:
        time.sleep(SECONDS)
        strace.detach()
        lines = [line for line in strace.lines() if any(path in line for path in paths)]
    most = {}
    for role, ends in (("tree", "audit-heads/"), ("writer", "fdatasync("), ("worker", "O_EXCL")):
        counts = collections.Counter()
        for line in lines:
            match = LINE.match(line)
            if match is None or int(match.group(1)) != getattr(threads, role):
                continue
            counts[match.group(2)] += 1
            if ends in line and (role != "tree" or match.group(2) == "rename"):
                raise_to(most, role, counts)
        raise_to(most, role, counts)
    return most


def raise_to(most, role, counts):
    """One cycle is over."""
    for call, number in counts.items():
        most[role, call] = max(most.get((role, call), 0), number)
    counts.clear()
