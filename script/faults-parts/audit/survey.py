"""Which system calls an append, a rotation and a checkpoint are made of: found by a traced run, so that no list grows old."""

import collections
import dataclasses
import re
import time

import processes
from place import REGION, Failure
from strace import Strace

# What may touch a file.
CALLS = ("access", "close", "fdatasync", "fstatfs", "fsync", "ftruncate", "getdents64", "mkdir", "newfstatat", "openat",
         "pread64", "rename", "rmdir", "unlink", "write")
# Long enough for some rounds of the tree, which signs every second, and some rotations.
SECONDS = 3.3
FIND_SECONDS = 8
LINE = re.compile(r"^(\d+) +(\w+)\(")


@dataclasses.dataclass(frozen=True)
class Threads:
    """Who writes records, who syncs them, who makes the tree: ids of threads. None: not looked for."""

    worker: int
    writer: int | None
    tree: int | None


def find(place, *roles):
    """The threads of the region's log, by what they do; all, or those of some roles. Executors must be at work."""
    if roles == ("worker",):
        return Threads(place.threads("worker")[0], None, None)
    log = re.escape(str(place.log))
    syncs = re.compile(rf"^(\d+) +newfstatat\(.*\"{log}/segments/")
    renames = re.compile(rf"^(\d+) +rename\(\"{log}/tree\.new")
    with Strace(place.threads("all"), ("newfstatat", "rename"), follows=True) as strace:
        found = {}

        def all_of_them():
            for line in strace.lines():
                for role, pattern in (("writer", syncs), ("tree", renames)):
                    match = pattern.match(line)
                    if match:
                        found[role] = int(match.group(1))
            return set(found) >= set(roles or ("writer", "tree")) - {"worker"}

        if not processes.wait_until(all_of_them, FIND_SECONDS):
            raise Failure(f"the threads that write the log of {REGION} were not found by what they do")
    return Threads(place.threads("worker")[0], found.get("writer"), found.get("tree"))


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
