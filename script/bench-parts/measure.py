"""One run of pgbench against one system, and what the kernel says the system's process used for it."""

import collections
import os
import pathlib
import re
import signal
import subprocess
import time

from systems import RUN_PATIENCE, Failure, metrics

TICKS = os.sysconf("SC_CLK_TCK")
RESULT_REPEATS = 12
COPY_REPEATS = 3
COPIED_LINES, COPIED_LINE = 100_000, b"x" * 999 + b"\n"
ATTACH_SECONDS = 1.0
# Transactions of the two runs under strace, of all clients together; of large results.
TRACED, TRACED_RESULTS = (800, 2400), (4, 12)
IDLE_SECONDS = 10

SCRIPTS = {
    "value": "SELECT repeat('x', 20000000);\n",
    "rows": "SELECT repeat('x', 1000) FROM generate_series(1, 20000);\n",
    "copy-out": COPY_REPEATS * "\\copy (SELECT repeat('x', 999) FROM generate_series(1, 100000)) to '/dev/null'\n",
    "copy-in": "BEGIN;\nCREATE TEMP TABLE copied (text text);\n" + COPY_REPEATS * "\\copy copied from '{lines}'\nTRUNCATE copied;\n" + "ROLLBACK;\n",
    "idle": "SELECT 1;\n\\sleep 600 s\n",
}


class Workload:
    """A name for people, pgbench's arguments, and the transport it goes over."""

    def __init__(self, key, title, transport, arguments, timed=True, script=None, clients=True, copies=False):
        self.copies = copies
        self.key = key
        self.title = title
        self.transport = transport
        self.arguments = arguments
        self.timed = timed
        self.script = script
        self.clients = clients


def workloads():
    found = []
    for transport in ("tls", "plain"):
        for mode in ("simple", "prepared", "extended"):
            found.append(Workload(f"{mode}-{transport}", mode, transport, ["-S", "-M", mode]))
        found.append(Workload(f"read-write-{transport}", "read-write", transport, []))
        found.append(Workload(f"value-{transport}", "20 MB, one value", transport, [], timed=False, script="value",
                              clients=False))
        found.append(Workload(f"rows-{transport}", "20 MB, 20,000 rows", transport, [], timed=False, script="rows",
                              clients=False))
        for way in ("out", "in"):
            found.append(Workload(f"copy-{way}-{transport}", f"COPY {way}, 100 MB", transport, [], script=f"copy-{way}", copies=True))
    found.append(Workload("login-tls", "login and one query", "tls", ["-S", "-C"]))
    return found


def cpu_seconds(pid):
    """User and system time of the whole process, all its threads, from /proc/PID/stat."""
    text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    fields = text[text.rindex(")") + 2:].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def switches(pid):
    """Context switches by thread: (voluntary, involuntary)."""
    found = {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            text = (task / "status").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        found[task.name] = tuple(int(number) for number in re.findall(r"ctxt_switches:\s+(\d+)", text))
    return found


def switches_between(before, after):
    return tuple(sum(counts[index] - before.get(task, (0, 0))[index] for task, counts in after.items())
                 for index in (0, 1))


def bytes_to_disk(pid):
    """What the process has had written to storage, in whole pages, what the file system adds not counted (proc(5))."""
    text = pathlib.Path(f"/proc/{pid}/io").read_text()
    return int(re.search(r"^write_bytes: (\d+)", text, re.MULTILINE).group(1))


def pss_bytes(pid):
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise Failure(f"/proc/{pid}/smaps_rollup has no Pss")


def busy_share(seconds):
    """Which share of all cores is in use (0 to 1), by whomever, while we do nothing."""
    def sample():
        fields = [int(word) for word in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        return sum(fields), fields[3] + fields[4]
    total, idle = sample()
    time.sleep(seconds)
    total_after, idle_after = sample()
    return 1 - (idle_after - idle) / max(1, total_after - total)


def command_of(bench, workload, options, repeats=None):
    """pgbench for as long as the options say, or with so many transactions of each client."""
    command = ["pgbench", "-n", *workload.arguments, "-c", str(options.clients if workload.clients else 1), "-j", "1"]
    if workload.script:
        command += ["-f", str(script_file(bench, workload.script))]
    if workload.timed and repeats is None:
        return command + ["-T", str(options.seconds)]
    return command + ["-t", str(repeats or RESULT_REPEATS)]


def script_file(bench, name):
    file = bench.folder / f"{name}.sql"
    if not file.exists():
        lines = bench.folder / "lines"
        if name == "copy-in":
            lines.write_bytes(COPIED_LINES * COPIED_LINE)
        file.write_text(SCRIPTS[name].replace("{lines}", str(lines)))
    return file


def copy(bench, system, workload):
    """Copies, by psql: what pgbench would say of them."""
    begun = time.monotonic()
    bench.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", str(script_file(bench, workload.script))],
              system.environment)
    each = (time.monotonic() - begun) / COPY_REPEATS
    return (f"number of transactions actually processed: {COPY_REPEATS}\nlatency average = {each * 1e3:.3f} ms\n"
            f"tps = {1 / each:.3f}\n")


def transactions_of(output):
    match = re.search(r"number of transactions actually processed: (\d+)", output)
    failed = re.search(r"number of failed transactions: (\d+)", output)
    if match is None or int(match.group(1)) == 0 or (failed and int(failed.group(1)) != 0):
        raise Failure(f"pgbench did not do what it was told:\n{output}")
    return int(match.group(1))


def measure(bench, system, workload, options):
    """Figures of one run: transactions, tps, latency; CPU (µs) and context switches per transaction."""
    pid = system.pid
    before = (cpu_seconds(pid), switches(pid), bytes_to_disk(pid)) if pid else None
    log_before = metrics(system) if system.admin else None
    try:
        output = copy(bench, system, workload) if workload.copies else bench.run(
            command_of(bench, workload, options), system.environment, options.seconds + RUN_PATIENCE)
    except Failure as problem:
        raise Failure(f"{workload.key} through {system.name}: {problem}") from problem
    count = transactions_of(output)
    figures = {
        "transactions": count,
        "tps": float(re.search(r"^tps = ([\d.]+)", output, re.MULTILINE).group(1)),
        "latency": float(re.search(r"latency average = ([\d.]+) ms", output).group(1)),
    }
    if pid:
        figures["cpu"] = (cpu_seconds(pid) - before[0]) / count * 1e6
        voluntary, involuntary = switches_between(before[1], switches(pid))
        figures["voluntary"] = voluntary / count
        figures["involuntary"] = involuntary / count
        figures["written"] = (bytes_to_disk(pid) - before[2]) / count
    if log_before:
        log_after = metrics(system)
        for key, name in (("records", "domicile_audit_records_total"), ("bytes", "domicile_audit_bytes_total"),
                          ("syncs", "domicile_audit_syncs_total")):
            figures[key] = (log_after.get(name, 0) - log_before.get(name, 0)) / count
        if figures["records"] < 1:
            raise Failure(f"the gateway's log took {figures['records']:.2f} records a transaction: it must take each")
    return figures


def system_calls(bench, system, workload, options):
    """System calls per transaction by name, from strace; its own slowness does not change their number much. Of two runs it is
    what the longer one has more: logins, and what else happens once, go out."""
    lengths = [max(count // options.clients, 1) for count in TRACED] if workload.timed else TRACED_RESULTS
    (short, few), (calls, many) = (
        traced_calls(bench, system, command_of(bench, workload, options, length)) for length in lengths)
    calls.subtract(short)
    return {name: count / (many - few) for name, count in calls.items()}


def traced_calls(bench, system, command):
    """What a run makes its proxy call, by name, and the run's transactions."""
    file = bench.folder / "strace"
    tracer = bench.start(["strace", "-f", "-c", "-o", file, "-p", system.pid], None,
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(ATTACH_SECONDS)
    if tracer.poll() is not None:
        raise Failure("strace could not attach: is it installed, and may this user trace?")
    count = transactions_of(bench.run(command, system.environment))
    bench.stop(tracer, signal.SIGINT)
    calls = collections.Counter()
    for line in file.read_text().splitlines():
        match = re.match(r"\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$", line)
        if match and match.group(2) != "total":
            calls[match.group(2)] = int(match.group(1))
    return calls, count


def memory(bench, make, sessions):
    """PSS of a fresh process in bytes: idle, then what each of `sessions` idle sessions adds."""
    system = make()
    time.sleep(1)
    empty = pss_bytes(system.pid)
    others = int(bench.sql(COUNT))
    holder = bench.start(
        ["pgbench", "-n", "-c", str(sessions), "-j", "1", "-t", "1", "-f", str(script_file(bench, "idle"))],
        system.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    # pgbouncer keeps the upstream of the session that tried whether it answers, and gives it to the first one.
    while int(bench.sql(COUNT)) < others + sessions - 1:
        if holder.poll() is not None or time.monotonic() > deadline:
            raise Failure(f"{sessions} idle sessions could not be had through {system.name}")
        time.sleep(0.3)
    time.sleep(2)
    full = pss_bytes(system.pid)
    bench.stop(holder, signal.SIGKILL)
    bench.stop(system.process)
    return empty, (full - empty) / sessions


COUNT = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'writer'"


def idle_cost(system):
    """CPU of a process that has nothing to do, ms per second."""
    before = cpu_seconds(system.pid)
    time.sleep(IDLE_SECONDS)
    return (cpu_seconds(system.pid) - before) / IDLE_SECONDS * 1e3
