"""What a transaction costs with few clients and with many: CPU of the process while all of them are at work."""

import argparse
import re
import subprocess
import threading
import time

import measure
import report
from systems import RUN_PATIENCE, Failure

CLIENTS = (1, 8, 64, 256)
WORKERS, WORKERS_CLIENTS = (1, 2, 4), 64
# The first transactions come while others still log in.
WARM_SECONDS = 1
TRANSACTION = re.compile(r"progress: ([\d.]+) s, ([\d.]+) tps, lat ([\d.]+) ms")


def workloads():
    """Mode simple both ways, the others over TLS."""
    keys = ("simple-tls", "prepared-tls", "extended-tls", "read-write-tls", "simple-plain")
    return [workload for workload in measure.workloads() if workload.key in keys]


class Progress(threading.Thread):
    """Reads pgbench's reports of each second, and what the process had used of CPU when each came."""

    def __init__(self, stream, pid):
        super().__init__(daemon=True)
        self.stream = stream
        self.pid = pid
        self.steps = []
        self.lines = []

    def run(self):
        for line in self.stream:
            match = TRANSACTION.match(line)
            if match:
                seconds, tps, latency = map(float, match.groups())
                self.steps.append((seconds, tps, latency, measure.cpu_seconds(self.pid)))
            else:
                self.lines.append(line)

    def figures(self):
        """Between the first report and the last."""
        if len(self.steps) < WARM_SECONDS + 2:
            raise Failure("pgbench reported too little:\n" + "".join(self.lines[-20:]))
        begun, ended = self.steps[WARM_SECONDS - 1], self.steps[-1]
        count = sum(tps * (seconds - before[0]) for before, (seconds, tps, _, _) in
                    zip(self.steps[WARM_SECONDS - 1:], self.steps[WARM_SECONDS:]))
        return {"cpu": (ended[3] - begun[3]) / max(count, 1) * 1e6, "tps": count / (ended[0] - begun[0])}


def run_one(bench, system, workload, clients, seconds):
    command = ["pgbench", "-n", *workload.arguments, "-c", str(clients), "-j", "1", "-P", "1",
               "-T", str(seconds + WARM_SECONDS + 2)]
    process = bench.start(command, system.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    progress = Progress(process.stderr, system.pid)
    progress.start()
    deadline = time.monotonic() + seconds + RUN_PATIENCE
    while process.poll() is None:
        if time.monotonic() > deadline:
            raise Failure(f"{workload.key} with {clients} clients through {system.name} has not ended")
        time.sleep(0.1)
    progress.join()
    bench.children.remove(process)
    if process.returncode:
        raise Failure(f"{workload.key} with {clients} clients through {system.name}:\n" + "".join(progress.lines[-20:]))
    return progress.figures()


def run(bench, options, say):
    """Each workload's figures: by system and clients, one for each round."""
    found = {}
    for workload in workloads():
        systems = [make(workload.transport) for make in (bench.pgbouncer, bench.gateway)]
        for number in range(options.rounds):
            for clients in CLIENTS:
                for system in systems[::1 if number % 2 else -1]:
                    figures = run_one(bench, system, workload, clients, options.seconds)
                    found.setdefault((workload.key, system.name, clients), []).append(figures)
                    say(f"bench: growth, round {number + 1} {workload.key} {system.name} {clients} clients: "
                        f"{figures['cpu']:.1f} µs")
        for system in systems:
            bench.stop(system.process)
    found["workers"] = run_workers(bench, options, say)
    return found


def run_workers(bench, options, say):
    """Simple over TLS with 64 clients, by the number of workers; calls of futex(2), by which threads wait for each other's locks
    and for work, are of a short run under strace."""
    workload = next(one for one in workloads() if one.key == "simple-tls")
    kept, systems = bench.workers, {}
    for count in WORKERS:
        bench.workers = count
        systems[count] = bench.gateway(workload.transport, name=f"{count} workers")
    bench.workers = kept
    found = {}
    for number in range(options.rounds):
        for count in WORKERS[::1 if number % 2 else -1]:
            figures = run_one(bench, systems[count], workload, WORKERS_CLIENTS, options.seconds)
            found.setdefault(count, []).append(figures)
            say(f"bench: growth, round {number + 1} {count} workers: {figures['cpu']:.1f} µs, {figures['tps']:,.0f}/s")
    for count in WORKERS:
        more = argparse.Namespace(**{**vars(options), "clients": WORKERS_CLIENTS})
        calls = measure.system_calls(bench, systems[count], workload, more)
        for figures in found[count]:
            figures["futex"] = calls.get("futex", 0.0)
        bench.stop(systems[count].process)
    return found


def workers_text(found):
    rows = [[f"{count}", report.number(report.middle(runs, "cpu")), f"{report.middle(runs, 'tps'):,.0f}", f"{runs[0]['futex']:.2f}"]
            for count, runs in found.items()]
    return (f"Simple over TLS, {WORKERS_CLIENTS} clients; two cores carry the gateway, the server and pgbench:\n\n"
            + report.table(["workers", "µs", "transactions/s", "futex calls a transaction"], rows))


def text(found):
    rows = []
    for workload in workloads():
        for name in ("pgbouncer", "gateway"):
            runs = [found[workload.key, name, clients] for clients in CLIENTS]
            ratios = [report.spread(report.ratios(many, runs[1])) for many in runs[2:]]
            rows.append([report.TRANSPORTS[workload.transport], workload.title, name,
                         *(report.number(report.middle(one, "cpu")) for one in runs), *ratios])
    heads = [f"µs, {clients} client{'s' if clients > 1 else ''}" for clients in CLIENTS]
    return report.table(["transport", "workload", "system", *heads, *(f"{clients} / 8" for clients in CLIENTS[2:])], rows) + "\n\n" + workers_text(
        found["workers"])
