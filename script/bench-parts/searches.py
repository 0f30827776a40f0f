"""What searching a log costs: makes one, builds its index, and runs searches, each in a process of its own."""

import os
import pathlib
import subprocess
import tempfile
import time

import report
from systems import REPOSITORY, Failure

GENERATOR = REPOSITORY / "script/bench-parts/searchlog.py"
DAY = ["--since", "2026-01-10", "--until", "2026-01-10"]
SEARCHES = [
    ("a subject, one day", ["--subject", "user-00821", *DAY]),
    ("a subject, one hour", ["--subject", "user-00821", "--since", "2026-01-10T03", "--until", "2026-01-10T03"]),
    ("a task", ["--task", "task-000042"]),
    ("a subject's statements on a relation that failed", ["--subject", "user-00821", "--relation", "customers",
                                                         "--sqlstate", "42501"]),
    ("a subject, all days", ["--subject", "user-00821"]),
    ("an SQLSTATE, one day", ["--sqlstate", "42501", *DAY]),
    ("some text in a day's statements", ["--text", "AID = 1234", *DAY]),
]
RUNS = 5


def measure(command, statuses=(0, 1)):
    """The seconds of a process, those of its CPU, the MiB that it took at most, and the lines that it wrote."""
    with tempfile.TemporaryFile() as output:
        start = time.monotonic()
        process = subprocess.Popen([str(word) for word in command], stdout=output, stderr=subprocess.PIPE)
        complaint = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - start
        if process.returncode not in statuses:
            raise Failure(f"{command}: {complaint.decode(errors='replace')}")
        output.seek(0)
        lines = sum(1 for _ in output)
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, lines


def verify(binary, log, key, records):
    seconds, cpu, memory, _ = measure([binary, "audit", "verify", log, "--key", key], statuses=(0,))
    return ["verifying all of the log", "", f"{seconds:.1f} s", f"{cpu:.1f} s: {records / cpu:,.0f} records/s", f"{memory:.0f} MiB"]


def run(binary, records):
    with tempfile.TemporaryDirectory(prefix="domicile-bench-") as name:
        log = pathlib.Path(name) / "log"
        key = subprocess.run([GENERATOR, log, "--records", str(records)], check=True, stdout=subprocess.PIPE,
                             text=True).stdout.strip()
        size = sum(segment.stat().st_size for segment in (log / "segments").iterdir())
        rows = [verify(binary, log, key, records)]
        for title, more in [("reading all of the log (`--no-index`)", ["--no-index"]), ("making the index", [])]:
            seconds, cpu, memory, _ = measure([binary, "audit", "search", log, "--subject", "nobody", *more])
            rows.append([title, "0", f"{seconds:.1f} s", f"{cpu:.1f} s: {records / cpu:,.0f} records/s", f"{memory:.0f} MiB"])
        index = (log / "index.sqlite").stat().st_size
        for title, words in SEARCHES:
            runs = sorted(measure([binary, "audit", "search", log, "--json", *words]) for _ in range(RUNS))
            seconds, cpu, memory, lines = runs[RUNS // 2]
            rows.append([title, f"{lines:,}", f"{seconds * 1000:.0f} ms", f"{cpu * 1000:.0f} ms", f"{memory:.0f} MiB"])
        rows.append(["`domicile --version`, for comparison", "", *start_of(binary)])
        return (f"{records:,} records, {size / 1e9:.2f} GB; the index {index / 1e6:.0f} MB, {index / size:.1%} of it. Each a process "
                f"of its own, the median of {RUNS}; load average {os.getloadavg()[0]:.1f} at the end.\n\n"
                + report.table(["what", "records found", "time", "CPU", "memory at most"], rows))


def start_of(binary):
    seconds, cpu, memory, _ = sorted(measure([binary, "--version"]) for _ in range(RUNS))[RUNS // 2]
    return f"{seconds * 1000:.0f} ms", f"{cpu * 1000:.0f} ms", f"{memory:.0f} MiB"
