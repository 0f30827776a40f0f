"""F-AUD-06: a start behind a crash that is itself killed, or meets errors, at each of its calls; then one that is left alone.

Before each the log is damaged as a crash damages it: half a record at the end, half a note behind the checkpoints, no partial
tiles. The next start must mend all of it and lose nothing, the half record included.
"""

import collections
import re
import signal

import processes
from case import Case
from journal import lines, read, segments
from place import READY_SECONDS, now

# What a start does to the log's own files.
CALLS = ("openat", "write", "pwrite64", "fsync", "fdatasync", "ftruncate", "rename", "unlink", "mkdir", "flock", "fstatfs",
         "pread64")
QUICK = (("fsync", 1), ("ftruncate", 1))
TORN = b'{"seq":'
NOTE = b"faults.example/audit/eu-west-1\n12"
LINE = re.compile(r"^(\d+) +(\w+)\(")


def run(place, options, names):
    """Yields results; one log, which goes on through all of them."""
    place.take(options)
    chosen = [(call, number, "signal=SIGKILL") for call, number in QUICK]
    if not options.quick:
        counted = collections.Counter()
        yield one(place, "start survey", None, counted)
        places = [(call, number) for call, most in sorted(counted.items()) for number in range(1, most + 1)]
        chosen = [(call, number, fault) for fault in ("signal=SIGKILL", "error=EIO") for call, number in places]
    for call, number, fault in chosen:
        name = f"start {call} {number} {fault.partition('=')[2]}"
        if not names or any(name.startswith(one) for one in names):
            yield one(place, name, f"{call}:{fault}:when={number}")


def one(place, name, fault, counted=None):
    title = "the calls of a start are counted" if fault is None else f"behind a crash, the start meets {fault}"
    with Case(place, name, title, kinds=("simple", "extended"), may={"closed", "08001", "58030"}) as case:
        case.is_killed = True
        place.kill()
        # Now and then a checkpoint is behind it; the log has one from the first case on.
        before = lines(place.log)
        damage(place.log)
        output = place.testbed.folder / "start-calls"
        process = launch(place, fault, output)
        status = process.poll()
        found = output.read_text(errors="replace")
        if counted is not None:
            # Other threads serve executors already: the one that takes the lock is the one that opens the log.
            made = [match.groups() for match in map(LINE.match, found.splitlines()) if match]
            opener = next(thread for thread, call in made if call == "flock")
            counted.update(call for thread, call in made if thread == opener)
        elif "SIGKILL" in fault and status != -signal.SIGKILL or "error" in fault and "INJECTED" not in found:
            case.problem(f"no such call came, status {status}")
        case.fact("it started all the same" if status is None else f"it ended with {status}")
        place.kill()
        begun = now()
        place.start()
        case.fact(f"the next start: served again after {case.expect_service(begun):.1f} s")
        check(place, case, before)
    return case.result


def damage(log):
    with open(segments(log)[-1][1], "ab") as file:
        file.write(TORN)
    if (log / "checkpoints.log").exists():
        with open(log / "checkpoints.log", "ab") as file:
            file.write(NOTE)
    for partial in (log / "tile").glob("*/*.p/*"):
        partial.unlink()


def launch(place, fault, output):
    """A start under strace that has ended by itself, or is ready. The gateway stays our child, strace is its."""
    output.write_bytes(b"")
    paths = [place.log, place.log / "segments", *(path for path in place.log.rglob("*") if path.is_file()),
             place.log / "segments" / f"{len(lines(place.log)):020}.torn", place.log / "tree.new"]
    wrapper = ["strace", "-D", "-f", "-qq", "-y", "-s", "40", "-o", output, "-e", "trace=" + ",".join(CALLS), "-e", "signal=none"]
    wrapper += [word for path in paths for word in ("-P", path)]
    wrapper += ["-e", f"inject={fault}"] if fault else []
    process = place.launch(wrapper)
    processes.wait_until(lambda: process.poll() is not None or place.is_ready(), READY_SECONDS)
    return process


def check(place, case, before):
    after = lines(place.log)
    if after[:len(before)] != before:
        case.problem("records that were there before the crash are not as they were")
    torn = place.log / "segments" / f"{len(before):020}"
    kept = [path.name for path in torn.parent.glob(f"{torn.name}*.torn") if path.read_bytes() == TORN]
    if not kept:
        case.problem("the half record was not kept")
    records = [record for record in read(place.log, len(before)) if record["type"] == "log.recovered"]
    if not any(record.get("file") in kept for record in records):
        case.problem("no record names the file of the half record")
