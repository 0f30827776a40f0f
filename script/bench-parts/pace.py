"""How long a transaction takes where so many come each second, whatever became of those before: pgbench --rate, which counts
from when each should have begun."""

import measure
import report
from systems import Failure

RATES = (200, 1000, 3000)
SHARES = (0.5, 0.99, 0.999)
CLIENTS = 32


def workloads():
    return [workload for workload in measure.workloads() if workload.key in ("simple-tls", "prepared-tls", "simple-plain")]


def latencies(bench, system, arguments, clients, rate, seconds):
    """Sorted, in ms."""
    prefix = bench.folder / "latencies"
    bench.run(["pgbench", "-n", *arguments, "-c", str(clients), "-j", "1", "-R", str(rate), "-T", str(seconds), "-l",
               "--log-prefix", str(prefix)], system.environment, seconds + measure.RUN_PATIENCE)
    found = []
    for file in bench.folder.glob("latencies.*"):
        found += [int(line.split()[2]) / 1e3 for line in file.read_text().splitlines()]
        file.unlink()
    if not found:
        raise Failure(f"pgbench at port {system.environment['PGPORT']}: no transaction of {rate} a second within {seconds} s")
    return sorted(found)


def share(values, part):
    return values[min(len(values) - 1, int(part * len(values)))]


def run(bench, options, say):
    found = {}
    for workload in workloads():
        systems = [bench.direct(workload.transport), bench.pgbouncer(workload.transport), bench.gateway(workload.transport)]
        for number in range(options.rounds):
            for rate in RATES:
                for system in systems[number % 3:] + systems[:number % 3]:
                    values = latencies(bench, system, workload.arguments, CLIENTS, rate, options.seconds)
                    figures = {part: share(values, part) for part in SHARES}
                    found.setdefault((workload.key, rate, system.name), []).append(figures)
                    say(f"bench: pace, round {number + 1} {workload.key} {rate}/s {system.name}: "
                        + " / ".join(f"{figures[part]:.2f}" for part in SHARES) + " ms")
        for system in systems:
            if system.process:
                bench.stop(system.process)
    return found


def text(found):
    rows = []
    for workload in workloads():
        for rate in RATES:
            cells = [" / ".join(f"{report.middle(found[workload.key, rate, name], part):.2f}" for part in SHARES)
                     for name in ("direct", "pgbouncer", "gateway")]
            rows.append([report.TRANSPORTS[workload.transport], workload.title, f"{rate:,}", *cells])
    return report.table(["transport", "workload", "transactions/s", "direct, ms: median / 99 % / 99.9 %", "pgbouncer",
                         "gateway"], rows)
