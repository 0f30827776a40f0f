"""From figures to tables: medians, paired ratios with their spread, and the block of docs/performance.md."""

import datetime
import os
import pathlib
import platform
import re
import statistics
import subprocess

from measure import IDLE_SECONDS, TICKS
from pgbouncer import PROGRAM
from systems import REPOSITORY, Failure

DOCUMENT = REPOSITORY / "docs/performance.md"
END = "<!-- to here -->"
# Rarer system calls stay in the sum and get no name.
LEAST_SHARE = 0.005
TRANSPORTS = {"tls": "TLS", "plain": "plaintext"}


def middle(runs, key):
    return statistics.median(run[key] for run in runs)


def least(runs, key):
    """What other programs on the machine cost can only be added."""
    return min(run[key] for run in runs)


def ratios(runs, others, key="cpu"):
    """One's CPU, or another figure, to the other's in the same round."""
    return sorted(mine[key] / max(other[key], 1e-9) for mine, other in zip(runs, others))


def spread(values):
    text = f"{statistics.median(values):.2f}"
    return f"{text} ({values[0]:.2f}–{values[-1]:.2f})" if len(values) > 1 else text


def number(value):
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}" if value >= 100 else f"{value:.1f}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows])


def cost_table(results):
    rows = []
    for workload, systems in results:
        mine, other = systems["gateway"], systems["pgbouncer"]
        rows.append([
            TRANSPORTS[workload.transport], workload.title, number(middle(other, "cpu")), number(middle(mine, "cpu")),
            f"**{spread(ratios(mine, other))}**",
            " / ".join(f"{middle(runs, 'voluntary') + middle(runs, 'involuntary'):.2f}" for runs in (other, mine)),
            f"{middle(mine, 'records'):.1f}", number(middle(mine, "bytes"))])
    return table(["transport", "workload", "pgbouncer µs", "gateway µs", "gateway / pgbouncer (least–most)",
                  "context switches, pgbouncer / gateway", "records", "log bytes"], rows)


def pace_table(results):
    rows = []
    for workload, systems in results:
        cells = [" / ".join(number(middle(systems[name], key)) for name in ("direct", "pgbouncer", "gateway"))
                 for key in ("tps", "latency")]
        rows.append([TRANSPORTS[workload.transport], workload.title, *cells])
    return table(["transport", "workload", "transactions/s: direct / pgbouncer / gateway",
                  "mean latency, ms: direct / pgbouncer / gateway"], rows)


def durability_table(systems):
    rows = []
    for name, label in (("buffered", "buffered"), ("gateway", "acknowledged (default)"), ("strict", "strict")):
        if name in systems:
            runs = systems[name]
            rows.append([label, number(middle(runs, "cpu")), spread(ratios(runs, systems["pgbouncer"])),
                         spread(ratios(runs, systems["buffered"])),
                         number(middle(runs, "tps")), spread(ratios(runs, systems["buffered"], "tps")),
                         number(middle(runs, "latency")), number(middle(runs, "bytes")),
                         f"{statistics.median(run['written'] / run['bytes'] for run in runs):.2f}", f"{1 / max(middle(runs, 'syncs'), 1e-9):,.0f}"])
    return table(["durability", "gateway µs", "gateway / pgbouncer", "beside buffered", "transactions/s",
                  "beside buffered", "mean latency, ms", "log bytes a transaction",
                  "bytes to disk for each", "transactions per sync to disk"], rows)


def once_table(logins):
    """Each pgbouncer beside the gateway as it is, and beside one that verifies each token whole."""
    kinds = [("pgbouncer", "password", "kept for the next session"), ("pgbouncer-once", "password", "one each session"),
             ("pgbouncer-verifier", "SCRAM verifier", "kept for the next session"),
             ("pgbouncer-verifier-once", "SCRAM verifier", "one each session")]
    rows = []
    for workload, systems in logins:
        for name, secret, upstream in kinds:
            rows.append([TRANSPORTS[workload.transport], secret, upstream, number(least(systems[name], "cpu")),
                         *(number(least(systems[gateway], "cpu")) for gateway in ("gateway", "gateway-forgetful")),
                         *(spread(ratios(systems[gateway], systems[name]))
                           for gateway in ("gateway", "gateway-forgetful"))])
    return table(["transport", "pgbouncer knows", "its upstream", "pgbouncer µs", "gateway µs, token remembered",
                  "token verified whole", "ratio, remembered", "ratio, verified whole"], rows)


def guard_table(results):
    rows = []
    for workload, systems in results:
        free, guarded = systems["gateway"], systems["gateway-guarded"]
        rows.append([TRANSPORTS[workload.transport], workload.title, number(middle(free, "cpu")),
                     number(middle(guarded, "cpu")), f"**{spread(ratios(guarded, free))}**"])
    return table(["transport", "workload", "nothing forbidden, µs", "guarded, µs", "ratio (least–most)"], rows)


def memory_table(memory, sessions):
    rows = [[TRANSPORTS[transport], name, f"{empty / 2**20:.1f} MiB", f"{each / 1024:.1f} KiB"]
            for (transport, name), (empty, each) in memory.items()]
    return table(["transport", "system", "process, no session", f"each of {sessions} idle sessions"], rows)


def calls_table(calls):
    rows = []
    for (title, name), counts in calls.items():
        most = sorted(counts.items(), key=lambda entry: -entry[1])
        total = sum(counts.values())
        named = ", ".join(f"{call} {count:.2f}" for call, count in most if count >= LEAST_SHARE * total)
        rows.append([title, name, f"{total:.2f}", named])
    return table(["workload", "system", "system calls per transaction", "of them"], rows)


def output_of(*command):
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False, cwd=REPOSITORY)
    return done.stdout.strip()


def machine():
    information = pathlib.Path("/proc/cpuinfo").read_text()
    model = re.search(r"^model name\s*:\s*(.+)$", information, re.MULTILINE)
    memory = int(re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text()).group(1)) >> 20
    return (f"{os.cpu_count()} cores ({model.group(1) if model else platform.machine()}), {memory} GiB, "
            f"Linux {platform.release()}")


def file_system(folder):
    return output_of("df", "--output=fstype", folder).splitlines()[-1]


def commit(binary):
    """The last change of the sources before the binary was built, and whether others were in it."""
    built = binary.stat().st_mtime
    found = output_of("git", "log", "-1", "--format=%h", "--abbrev=10", f"--before={int(built)}", "--", "Sources",
                      "Package.swift")
    changed = [line[3:] for line in output_of("git", "status", "--porcelain", "--", "Sources").splitlines()]
    inside = [name for name in changed if (REPOSITORY / name).exists() and (REPOSITORY / name).stat().st_mtime < built]
    return found + (" with uncommitted changes" if inside else "")


def preface(context):
    low, high = min(context["busy"]), max(context["busy"])
    versions = ", ".join([
        output_of(PROGRAM, "--version").splitlines()[0].replace("PgBouncer", "pgbouncer"),
        output_of("pgbench", "--version").replace("pgbench (PostgreSQL)", "PostgreSQL and pgbench"),
        "domicile " + output_of(context["binary"], "--version").split()[-1]])
    rows = [
        ["command", f"`{context['command']}`"],
        ["machine", machine()],
        ["versions", versions],
        ["commit", context["commit"]],
        ["date", datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")],
        ["TLS", context["cipher"]],
        ["log's file system", context["file_system"]],
        ["other load", f"before the rounds other programs used {low:.0%} to {high:.0%} of the cores; load average "
                       f"{context['load'][0]:.1f} at the beginning, {context['load'][1]:.1f} at the end"],
    ]
    return table(["", ""], rows)


def report(context, results, memory, calls):
    """All tables as Markdown."""
    options = context["options"]
    parts = [preface(context)]
    parts += [f"### CPU per transaction\nMedians of {options.rounds} interleaved rounds of {options.seconds} s at "
              f"{options.clients} clients (20 and 100 MB: one client); ratios are of the same round.", cost_table(results)]
    guarded = [entry for entry in results if "gateway-guarded" in entry[1]]
    if guarded:
        parts += ["### The statement guard\nA rule with `forbid: [egress, ddl, role_change, opaque]` beside one that forbids "
                  "nothing. In mode simple texts differ in a number alone.", guard_table(guarded)]
    several = [systems for workload, systems in results if "strict" in systems]
    if several:
        parts += ["### Durability of the log\nMode simple over TLS.", durability_table(several[0])]
    logins = [entry for entry in results if "pgbouncer-once" in entry[1]]
    if logins:
        parts += ["### A login\nTLS 1.3 full handshake with an ECDSA certificate, an ES256 token, upstream TLS and SCRAM; the "
                  "gateway logs in upstream for each session. pgbouncer knows the role by its password, or by the "
                  "server's own SCRAM verifier and derives no keys; it keeps its upstreams for the next sessions, or logs "
                  "in for each (`server_lifetime = 0`). CPU is the least of all rounds.", once_table(logins)]
    if memory:
        parts += ["### Memory\nPSS of a fresh process; each session has its upstream and has run one query.",
                  memory_table(memory, options.sessions)]
        parts.append(f"CPU with no session at work, ms per second (resolution {1000 / TICKS / IDLE_SECONDS:.1g}): "
                     + ", ".join(
            f"{name} {value:.1f}" for name, value in context["idle"].items()) + ".")
    if calls:
        parts += ["### System calls", calls_table(calls)]
    parts += ["### Throughput and latency\nReported, never judged: they tell of the machine and its other load first.",
              pace_table(results)]
    return "\n\n".join(parts) + "\n"


def part(context, text):
    """A part's table, and what it was made with."""
    options = context["options"]
    date = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    return (f"`{context['command']}`, commit {context['commit']}, {date}, {machine()}; rounds: {options.rounds} of "
            f"{options.seconds} s.\n\n{text}\n")


def around(name):
    """What stands in the document before a part's tables and after them, the marks included."""
    begin = f"<!-- script/bench writes {name} from here -->"
    head, found, rest = DOCUMENT.read_text().partition(begin)
    between, ends, tail = rest.partition(END)
    if not found or not ends or "<!-- script/bench" in between:
        raise Failure(f"{DOCUMENT} lacks the lines that mark where the figures go: {begin} and {END}")
    return f"{head}{begin}\n", END + tail


def write_document(name, text):
    """Puts a part's tables between its two marks in the document; what people wrote around them stays."""
    before, after = around(name)
    DOCUMENT.write_text(before + text + after)
