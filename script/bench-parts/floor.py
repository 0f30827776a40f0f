"""The least that a gateway can cost: a relay that parses nothing (Benchmarks/Floor), with epoll and with io_uring, beside
pgbouncer and the gateway, all in plaintext. With a log like the gateway's the relay shows what becomes of the difference."""

import argparse
import os
import statistics
import struct
import subprocess

import measure
import report
from systems import REPOSITORY, Failure, System, at_free_ports

SOURCES = REPOSITORY / "Benchmarks/Floor"
WAYS = ("epoll", "io_uring")
KEYS = ("simple-plain", "prepared-plain")
# What the relay does beside relaying, and the gateway's durability that does as much.
KINDS = ("nothing", "log", "log + fdatasync")
# So, and without a thread for the sync, with epoll.
OWN = "epoll, log + own fdatasync"
GATEWAYS = {"log": "buffered", "log + fdatasync": "acknowledged"}
# Lines that it took, and syncs: as the relay counts them.
COUNTS = struct.Struct("=QQ")
LINE = 428


def workloads():
    """The large result as often as there is time for: a relay needs less than the clock's tick for one."""
    return [*(workload for workload in measure.workloads() if workload.key in KEYS),
            measure.Workload("rows-plain", "20 MB, 20,000 rows", "plain", [], script="rows", clients=False)]


def kinds_of(workload):
    """A large result takes a line of the log for megabytes: nothing would show."""
    return KINDS if workload.clients else KINDS[:1]


def relays(kind):
    return [f"{way}, {kind}" for way in WAYS] + ([OWN] if kind == KINDS[2] else [])


def build(bench):
    program = bench.folder / "floor"
    done = subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", program, *sorted(SOURCES.glob("*.c"))],
                          capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failure(f"compiling {SOURCES.relative_to(REPOSITORY)}:\n{done.stderr}")
    return program


@at_free_ports
def start(bench, program, way, kind):
    port, name = bench.port(), f"{way}, {kind}"
    folder = bench.new_folder("floor")
    logging = {"nothing": [], "log": [folder / "lines"], "log + fdatasync": [folder / "lines", "hold"],
               "log + own fdatasync": [folder / "lines", "own"]}[kind]
    with open(folder / "floor.log", "ab") as log:
        process = bench.start([program, way, str(port), bench.variables["DIRECT_PORT_EU_A"], *logging], dict(os.environ),
                              stdout=log, stderr=log)
    system = System(name, dict(bench.direct("plain").environment, PGPORT=str(port)), process, folder=folder)
    bench.wait_until_it_answers(system, folder / "floor.log")
    said = (folder / "floor.log").read_text()
    # It falls back by itself: two systems of the same kind would be compared.
    if said:
        raise Failure(f"there is nothing to compare with epoll: {said.strip()}")
    return system


def counts(system):
    file = system.folder / "lines.counts"
    return COUNTS.unpack(file.read_bytes()) if file.exists() else None


def one_run(bench, system, workload, options):
    """`measure.measure`, and of a relay that logs that it did: each piece left a line, and each answer waited."""
    before = counts(system)
    figures = measure.measure(bench, system, workload, options)
    if before:
        after = counts(system)
        lines, syncs = (now - then for now, then in zip(after, before))
        # Lines are counted when they are written: the last client's end may be written in between.
        if lines < figures["transactions"] or (system.folder / "lines").stat().st_size < after[0] * LINE:
            raise Failure(f"{system.name}: {lines} lines of the log for {figures['transactions']} transactions")
        # A client waits for its answer: a sync frees as many as there are clients, and one is under way at either end.
        if system.name.endswith("fdatasync") and lines > (syncs + 2) * options.clients:
            raise Failure(f"{system.name}: {lines} lines and only {syncs} syncs: answers did not wait")
        figures["syncs"] = syncs / figures["transactions"]
    return figures


def start_all(bench):
    """By name, in the order of the table: what is compared stands side by side."""
    program = build(bench)
    systems = [bench.pgbouncer("plain")]
    for kind in KINDS:
        systems += [start(bench, program, *name.split(", ")) for name in relays(kind)]
        if kind in GATEWAYS:
            systems.append(bench.gateway("plain", GATEWAYS[kind], f"gateway, {GATEWAYS[kind]}"))
    return {system.name: system for system in systems}


def names_of(workload):
    names = ["pgbouncer"]
    for kind in kinds_of(workload):
        names += relays(kind) + ([f"gateway, {GATEWAYS[kind]}"] if kind in GATEWAYS else [])
    return names if workload.clients else [*names, f"gateway, {GATEWAYS[KINDS[1]]}"]


def run(bench, options, say):
    """Figures by workload and system, one for each round; system calls of one run more."""
    systems = start_all(bench)
    found, loads = {}, []
    for number in range(options.rounds):
        loads.append(os.getloadavg()[0])
        for workload in workloads():
            order = names_of(workload)
            turn = number // 2 % len(order)
            # Every other round goes the other way, so that neither of two neighbours is always the later.
            for name in (order[turn:] + order[:turn])[::1 if number % 2 else -1]:
                found.setdefault((workload.key, name), []).append(one_run(bench, systems[name], workload, options))
            say(f"bench: floor, round {number + 1} {workload.key}: " + ", ".join(
                f"{name} {found[workload.key, name][-1]['cpu']:.1f}" for name in order) + " µs")
    calls = {(workload.key, name): measure.system_calls(bench, systems[name], workload, options)
             for workload in workloads() for name in names_of(workload)}
    return found, calls, loads


def beside_epoll(found, workload, name):
    """The ratio, and the difference in µs: of the same rounds."""
    if not name.startswith("io_uring"):
        return "", ""
    mine, other = found[workload.key, name], found[workload.key, name.replace("io_uring", "epoll")]
    gained = sorted(before["cpu"] - after["cpu"] for after, before in zip(mine, other))
    return (f"**{report.spread(report.ratios(mine, other))}**", f"{statistics.median(gained):.1f}")


def named(calls):
    total = sum(calls.values())
    most = sorted(calls.items(), key=lambda entry: -entry[1])
    return ", ".join(f"{call} {count:.2f}" for call, count in most if count >= 0.02 * total)


def text(result):
    found, calls, loads = result
    rows = []
    for workload in workloads():
        for name in names_of(workload):
            runs = found[workload.key, name]
            per_sync = 1 / report.middle(runs, "syncs") if runs[0].get("syncs") else 0
            rows.append([
                workload.title, name, report.number(report.middle(runs, "cpu")),
                report.spread(report.ratios(runs, found[workload.key, "pgbouncer"])),
                *beside_epoll(found, workload, name),
                f"{report.middle(runs, 'voluntary') + report.middle(runs, 'involuntary'):.2f}",
                f"{per_sync:.1f}" if per_sync and name.endswith(("fdatasync", "acknowledged")) else "",
                f"{sum(calls[workload.key, name].values()):.2f}: {named(calls[workload.key, name])}"])
    table = report.table(["workload", "system", "µs", "beside pgbouncer", "io_uring / epoll (least–most)", "µs less",
                          "context switches", "transactions a sync", "system calls"], rows)
    return f"Load average at the rounds' beginnings: {min(loads):.1f} to {max(loads):.1f}.\n\n{table}"
