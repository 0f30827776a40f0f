"""What a transaction costs in instructions and allocations: figures that other programs' load does not change.

The gateway runs under valgrind's callgrind, which counts instructions of its own code and of its libraries, and none of
the kernel's; and once more at full speed, with its allocations counted. Two runs of pgbench that differ in length alone
are compared: logins and what else happens once go out."""

import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import time

from systems import REPOSITORY, Failure

THRESHOLDS = REPOSITORY / "Benchmarks/instructions.json"
SOURCE = REPOSITORY / "Benchmarks/CountAllocations.c"
CLIENTS = 8
WARM = 40
# Transactions of each client in the two runs.
INSTRUCTIONS, ALLOCATIONS = (60, 260), (500, 4500)
VALGRIND_PATIENCE = 120
SLOT = struct.Struct("=QQ")

# Title, transport, what the rule forbids.
GATEWAYS = (
    ("plaintext", "plain", ""),
    ("plaintext, guarded", "plain", "egress, ddl, role_change, opaque"),
    ("TLS", "tls", ""),
)
GATED = 2
MODES = ("simple", "prepared")


def library(bench):
    """Counts allocations in front of the C library."""
    file = bench.folder / "count-allocations.so"
    if not file.exists():
        subprocess.run(["clang", "-O2", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", "-o", file, SOURCE, "-ldl"],
                       check=True)
    return file


class Counted:
    """A gateway of which something is counted, of the workers and of all threads."""

    def __init__(self, bench, lengths, *arguments, **how):
        self.bench = bench
        self.lengths = lengths
        self.system = bench.gateway(*arguments, **how)
        self.workers = {int(task.name) for task in pathlib.Path(f"/proc/{self.system.pid}/task").iterdir()
                        if (task / "comm").read_text().startswith("worker-")}
        if not self.workers:
            raise Failure("the gateway has no threads called worker")

    def transactions(self, mode, each):
        command = ["pgbench", "-n", "-S", "-M", mode, "-c", str(CLIENTS), "-j", "1", "-t", str(each)]
        self.bench.run(command, self.system.environment, VALGRIND_PATIENCE)

    def measure(self, mode):
        """Of a transaction, by how much the longer of two runs has more: of the workers, of all threads."""
        self.transactions(mode, WARM)
        marks = [self.so_far()]
        for each in self.lengths:
            self.transactions(mode, each)
            marks.append(self.so_far())
        short, long = ([now - then for now, then in zip(after, before)] for before, after in zip(marks, marks[1:]))
        difference = (self.lengths[1] - self.lengths[0]) * CLIENTS
        return [(more - less) / difference for less, more in zip(short, long)]

    def close(self):
        self.bench.stop(self.system.process)


class Instructions(Counted):
    """Counted by callgrind, which runs the gateway many times slower."""

    def __init__(self, bench, title, transport, forbid):
        self.folder = bench.new_folder("counts")
        self.sums = (0, 0)
        # With no library in front of the C library valgrind 3.19 ends, as the main thread does, by an error of its own.
        super().__init__(
            bench, INSTRUCTIONS, transport, name=title, forbid=forbid, patience=VALGRIND_PATIENCE,
            prefix=["valgrind", "-q", "--tool=callgrind", "--separate-threads=yes",
                    f"--callgrind-out-file={self.folder}/out"],
            environment={"LD_PRELOAD": str(library(bench))})

    def monitor(self, command):
        done = subprocess.run(["vgdb", f"--pid={self.system.pid}", *command.split()], text=True, check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode != 0:
            raise Failure(f"vgdb {command}: {done.stderr.strip()}")
        return done.stdout

    def so_far(self):
        threads = {int(number): int(lwp) for number, lwp in re.findall(
            r"^Thread (\d+): status = .*\(lwpid (\d+)\)", self.monitor("v.info scheduler"), re.MULTILINE)}
        # What was counted since the last dump.
        self.monitor("dump")
        workers = everything = 0
        for file in self.folder.glob("out*"):
            match = re.search(r"^thread: (\d+)$.*?^(?:summary|totals): (\d+)$", file.read_text(errors="replace"),
                              re.MULTILINE | re.DOTALL)
            if match:
                everything += int(match.group(2))
                if threads.get(int(match.group(1))) in self.workers:
                    workers += int(match.group(2))
            file.unlink()
        if workers == 0:
            raise Failure("callgrind counted nothing of the workers")
        self.sums = (self.sums[0] + workers, self.sums[1] + everything)
        return self.sums


class Allocations(Counted):
    """Counted in front of the C library, at full speed."""

    def __init__(self, bench, title, transport, forbid):
        self.counts = bench.new_folder("counts") / "allocations"
        super().__init__(
            bench, ALLOCATIONS, transport, name=f"{title}, allocations", forbid=forbid,
            environment={"LD_PRELOAD": str(library(bench)), "ALLOCATION_COUNTS": str(self.counts)})

    def so_far(self):
        slots = list(SLOT.iter_unpack(self.counts.read_bytes()))
        return (sum(count for thread, count in slots if thread in self.workers), sum(count for _, count in slots))


def measure(bench, gated):
    """By title: instructions of a transaction, of the workers and of all threads, and its allocations."""
    found = {}
    for title, transport, forbid in GATEWAYS[:GATED if gated else len(GATEWAYS)]:
        for kind in (Instructions, Allocations):
            counted = kind(bench, title, transport, forbid)
            for mode in MODES:
                found.setdefault(f"{mode}, {title}", []).extend(counted.measure(mode))
            counted.close()
    return found


def table(found):
    lines = ["| workload | instructions of the workers | of all threads | allocations of the workers | of all threads |",
             "|---|---|---|---|---|"]
    for title, (workers, everything, allocations, all_allocations) in found.items():
        lines.append(f"| {title} | {workers:,.0f} | {everything:,.0f} | {allocations:.2f} | {all_allocations:.2f} |")
    return "\n".join(lines)


def excesses(found):
    """What is above its threshold, a line each."""
    thresholds = json.loads(THRESHOLDS.read_text())
    said = []
    for title, (workers, _, allocations, _) in found.items():
        limit = thresholds[title]
        if workers > limit["instructions"]:
            said.append(f"{title}: {workers:,.0f} instructions of the workers a transaction, "
                        f"at most {limit['instructions']:,} are allowed")
        if allocations > limit["allocations"]:
            said.append(f"{title}: {allocations:.2f} allocations of the workers a transaction, "
                        f"at most {limit['allocations']} are allowed")
    return said


def install_what_is_missing():
    if shutil.which("valgrind") is None:
        raise Failure("--instructions needs valgrind: apt-get install valgrind")


def strip(bench):
    """Valgrind 3.19 cannot read the debug information that this compiler writes, and needs none."""
    stripped = bench.folder / "domicile-stripped"
    subprocess.run(["strip", "--strip-debug", "-o", stripped, bench.binary], check=True)
    os.replace(stripped, bench.binary)


def run(bench, gated, say):
    install_what_is_missing()
    began = time.monotonic()
    bench.open()
    strip(bench)
    found = measure(bench, gated)
    print(table(found))
    said = excesses(found) if gated else []
    for line in said:
        say(f"bench: {line}")
    say(f"bench: {'failed' if said else 'done'} in {time.monotonic() - began:.0f} s")
    return 1 if said else 0
