"""What a transaction costs in instructions and allocations: figures that other programs' load does not change.

The gateway runs under valgrind's callgrind, which counts instructions of its own code and of its libraries, and none of
the kernel's. Two runs of pgbench that differ in length alone are compared: logins and what else happens once go out."""

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
SHORT, LONG = 60, 260
WARM = 40
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
    """A gateway under callgrind."""

    def __init__(self, bench, title, transport, forbid):
        self.folder = bench.new_folder("counts")
        self.counts = self.folder / "allocations"
        self.bench = bench
        self.system = bench.gateway(
            transport, name=title, forbid=forbid, patience=VALGRIND_PATIENCE,
            prefix=["valgrind", "-q", "--tool=callgrind", "--separate-threads=yes",
                    f"--callgrind-out-file={self.folder}/out"],
            environment={"LD_PRELOAD": str(library(bench)), "ALLOCATION_COUNTS": str(self.counts)})
        self.workers = {int(task.name) for task in pathlib.Path(f"/proc/{self.system.pid}/task").iterdir()
                        if (task / "comm").read_text().startswith("worker-")}
        if not self.workers:
            raise Failure("the gateway has no threads called worker")

    def monitor(self, command):
        done = subprocess.run(["vgdb", f"--pid={self.system.pid}", *command.split()], text=True, check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode != 0:
            raise Failure(f"vgdb {command}: {done.stderr.strip()}")
        return done.stdout

    def instructions(self):
        """Instructions since the last call, of the workers and of all threads."""
        threads = {int(number): int(lwp) for number, lwp in re.findall(
            r"^Thread (\d+): status = .*\(lwpid (\d+)\)", self.monitor("v.info scheduler"), re.MULTILINE)}
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
        return workers, everything

    def allocations(self):
        """Allocations so far, of the workers and of all threads."""
        slots = list(SLOT.iter_unpack(self.counts.read_bytes()))
        return (sum(count for thread, count in slots if thread in self.workers), sum(count for _, count in slots))

    def transactions(self, mode, each):
        command = ["pgbench", "-n", "-S", "-M", mode, "-c", str(CLIENTS), "-j", "1", "-t", str(each)]
        self.bench.run(command, self.system.environment, VALGRIND_PATIENCE)

    def measure(self, mode):
        """Instructions and allocations of a transaction: of the workers, of all threads."""
        self.transactions(mode, WARM)
        self.instructions()
        counted = []
        for each in (SHORT, LONG):
            before = self.allocations()
            self.transactions(mode, each)
            after = self.allocations()
            counted.append([*self.instructions(), *(now - then for now, then in zip(after, before))])
        difference = (LONG - SHORT) * CLIENTS
        return [(long - short) / difference for short, long in zip(*counted)]

    def close(self):
        self.bench.stop(self.system.process)


def measure(bench, gated):
    """By title: what `Counted.measure` gives."""
    found = {}
    for title, transport, forbid in GATEWAYS[:GATED if gated else len(GATEWAYS)]:
        counted = Counted(bench, title, transport, forbid)
        for mode in MODES:
            found[f"{mode}, {title}"] = counted.measure(mode)
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
