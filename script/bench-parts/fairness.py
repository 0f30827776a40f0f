"""What one session that does much does to the others: their latency at a fixed rate, alone and beside it."""

import subprocess
import time

import pace
import report
from systems import Failure

RATE, CLIENTS = 500, 8
BIG_STATEMENT = 20 << 20
# A gigabyte, read and thrown away as it comes.
RESULT = r"\copy (SELECT repeat('x', 1000) FROM generate_series(1, 1000000)) to '/dev/null'" + "\n"
KINDS = ("a result of 1 GB", "statements of 20 MB")


def script(bench, kind):
    file = bench.folder / ("result.sql" if kind == KINDS[0] else "statement.sql")
    if not file.exists():
        text = RESULT if kind == KINDS[0] else f"SELECT length('{'x' * BIG_STATEMENT}');\n"
        file.write_text(text)
    return file


def beside(bench, system, kind, seconds):
    """Latencies while one session does that again and again."""
    loop = f"while :; do psql -X -q -o /dev/null -f '{script(bench, kind)}' || exit 1; done"
    process = bench.start(["sh", "-c", loop], system.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(1)
    try:
        values = pace.latencies(bench, system, ["-S", "-M", "prepared"], CLIENTS, RATE, seconds)
        if process.poll() is not None:
            raise Failure(f"{kind} through {system.name} ended")
        return values
    finally:
        bench.stop_all(process)


def run(bench, options, say):
    found = {}
    systems = [bench.direct("tls"), bench.pgbouncer("tls"), bench.gateway("tls")]
    for number in range(options.rounds):
        for system in systems[number % 3:] + systems[:number % 3]:
            alone = pace.latencies(bench, system, ["-S", "-M", "prepared"], CLIENTS, RATE, options.seconds)
            found.setdefault((system.name, "alone"), []).append(shares(alone))
            for kind in KINDS:
                found.setdefault((system.name, kind), []).append(shares(beside(bench, system, kind, options.seconds)))
            say(f"bench: fairness, round {number + 1} {system.name}: 99 % " + " / ".join(
                f"{found[system.name, kind][-1][0.99]:.2f}" for kind in ("alone", *KINDS)) + " ms")
    return found


def shares(values):
    return {part: pace.share(values, part) for part in pace.SHARES}


def text(found):
    rows = []
    for name in ("direct", "pgbouncer", "gateway"):
        for kind in ("alone", *KINDS):
            runs = found[name, kind]
            rows.append([name, kind, *(f"{report.middle(runs, part):.2f}" for part in pace.SHARES),
                         "" if kind == "alone" else report.spread(report.ratios(runs, found[name, "alone"], 0.99))])
    return report.table(["system", "beside", "median, ms", "99 %", "99.9 %", "99 % beside alone"], rows)
