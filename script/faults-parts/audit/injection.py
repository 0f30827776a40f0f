"""F-AUD-01, F-AUD-05, F-AUD-07: every system call of an append, a rotation and a checkpoint made to fail; the gateway goes on."""

import contextlib
import dataclasses
import re
import time

import processes
import survey
from case import Case, wait
from place import now
from strace import Strace, file_of

HIT_SECONDS = 6.0
# The tree is tried for ten seconds before the log takes no more records.
TOLD_SECONDS = 15.0
REPAIR_SECONDS = 3.0
# A checkpoint may take this many drafts; what comes later in it is of the same kind.
MOST = 12
NOTHING = frozenset()
# What makes records durable, and sees that they are.
DURABLE = ("fdatasync", "newfstatat")
REFUSED = frozenset({"58030"})
# Errors by call; those not named get EIO.
ERRORS = {"write": ("EIO", "ENOSPC", "EINTR"), "openat": ("EMFILE",), "mkdir": ("ENOSPC",), "rename": ("EIO",), "close": ("EIO",)}


@dataclasses.dataclass(frozen=True)
class Injection:
    """A fault in the calls of one thread; in those that make a log durable, of the worker as well as of the writer: whichever of
    them syncs next. `faults` are strace's expressions; `only_segment` leaves other files alone.

    `must`: what some executor must be told; `may`: what any may be told.
    """

    name: str
    role: str
    faults: tuple
    must: frozenset = NOTHING
    may: frozenset = NOTHING
    only_segment: bool = False
    lasts: float = 0.0
    kinds: tuple = ("simple", "extended")


def refused(name, role, *faults, **more):
    return Injection(name, role, faults, must=REFUSED, may=REFUSED, **more)


def repaired(name, role, *faults, **more):
    """A fault that the writer may have repaired before anybody asks: sessions may go on then."""
    return Injection(name, role, faults, may=REFUSED, **more)


# What an append, a rotation and a repair consist of, each call in its turn.
ROTATING = {"kinds": ("simple", "extended", "large")}
APPEND = (
    refused("append write EIO", "worker", "write:error=EIO:when=1", only_segment=True),
    refused("append write ENOSPC", "worker", "write:error=ENOSPC:when=1", only_segment=True),
    refused("append write EDQUOT, a while", "worker", "write:error=EDQUOT", only_segment=True, lasts=1.0),
    refused("append write EROFS, a while", "worker", "write:error=EROFS", only_segment=True, lasts=1.0),
    refused("append write takes nothing", "worker", "write:retval=0:when=1", only_segment=True),
    refused("append write EIO, ftruncate EIO", "worker", "write:error=EIO:when=1", "ftruncate:error=EIO:when=1",
            only_segment=True),
    Injection("append write EINTR", "worker", ("write:error=EINTR:when=1..5",), only_segment=True),
    repaired("sync EIO", "writer", "fdatasync:error=EIO:when=1"),
    repaired("sync EIO, the second", "writer", "fdatasync:error=EIO:when=2"),
    refused("sync EIO, a while", "writer", "fdatasync:error=EIO", lasts=1.0),
    repaired("sync ENOSPC", "writer", "fdatasync:error=ENOSPC:when=1"),
    refused("stat EIO", "writer", "newfstatat:error=EIO:when=1"),
    refused("stat ENOENT", "writer", "newfstatat:error=ENOENT:when=1"),
    refused("stat EIO, the second", "writer", "newfstatat:error=EIO:when=2"),
)
ROTATION = (
    # The worker's first sync may be one that it makes for those who wait, which the writer repairs.
    repaired("rotation sync EIO", "worker", "fdatasync:error=EIO:when=1", **ROTATING),
    refused("rotation open EMFILE", "worker", "openat:error=EMFILE:when=1", **ROTATING),
    refused("rotation open ENOSPC, a while", "worker", "openat:error=ENOSPC", lasts=1.0, **ROTATING),
    repaired("rotation folder open EIO", "writer", "openat:error=EIO:when=1", **ROTATING),
    repaired("rotation folder sync EIO", "writer", "fsync:error=EIO:when=1", **ROTATING),
    Injection("rotation close EIO", "writer", ("close:error=EIO:when=1..2",), **ROTATING),
)
FIRST = "fdatasync:error=EIO:when=1"
REPAIR = (
    refused("repair draft EIO", "writer", FIRST, "openat:error=ENOSPC:when=1"),
    refused("repair fstat EIO", "writer", FIRST, "newfstatat:error=EIO:when=1"),
    refused("repair sync EIO", "writer", "fdatasync:error=EIO:when=1..3"),
    refused("repair rename EIO", "writer", FIRST, "rename:error=EIO:when=1"),
    refused("repair folder open EIO", "writer", FIRST, "openat:error=EIO:when=2"),
    refused("repair folder sync EIO", "writer", FIRST, "fsync:error=EIO:when=1"),
    repaired("repair ftruncate EIO", "writer", FIRST, "ftruncate:error=EIO:when=1"),
    refused("resume statfs EIO", "writer", FIRST, "fstatfs:error=EIO:when=1"),
    refused("resume sync EIO", "writer", "fdatasync:error=EIO:when=1..3+2"),
)


def checkpoint(counted):
    """Each call of a checkpoint, by its place in the checkpoint. Executors must not notice: it is tried again."""
    found = []
    for (role, call), most in sorted(counted.items()):
        if role != "tree":
            continue
        errors = ERRORS.get(call, ("EIO",))
        for number in range(1, min(most, MOST) + 1):
            error = errors[(number - 1) % len(errors)]
            found.append(Injection(f"checkpoint {call} {number} {error}", "tree", (f"{call}:error={error}:when={number}",)))
    found.append(Injection("checkpoint sync EIO, a while", "tree", ("fsync:error=EIO",), lasts=2.0))
    found.append(Injection("checkpoint write ENOSPC, a while", "tree", ("write:error=ENOSPC",), lasts=2.0))
    # After ten seconds without a checkpoint the region takes no more records.
    found.append(refused("checkpoint rename EIO, 12 s", "tree", "rename:error=EIO", lasts=12.0))
    return found


QUICK = (APPEND[1], APPEND[7], ROTATION[0], REPAIR[2], *checkpoint({("tree", "rename"): 2})[1:2])


def run(place, options, names):
    """Yields results. The gateway is never started again in between: all recovers by itself."""
    place.take(options)
    with Case(place, "survey", f"the threads and calls of the log are found, durability {options.durability}",
              kinds=("simple", "extended", "large")) as case:
        threads = survey.find(place)
        injections = QUICK
        if not options.quick:
            counted = survey.count(place, threads)
            case.fact("; ".join(f"{role} {call} {most}" for (role, call), most in sorted(counted.items())))
            injections = [*APPEND, *ROTATION, *REPAIR, *checkpoint(counted)]
    yield case.result
    for injection in injections:
        if not names or any(injection.name.startswith(name) for name in names):
            yield one(place, threads, injection)


def run_strict(place, options, names):
    """The same of appends, rotations and repairs where nothing is forwarded before it is durable."""
    place.begin("strict")
    with Case(place, "strict survey", "the threads of the log are found, durability strict", kinds=ROTATING["kinds"]) as case:
        threads = survey.find(place)
    yield case.result
    for injection in (*APPEND, *ROTATION, *REPAIR):
        if not names or any(injection.name.startswith(name) for name in names):
            yield one(place, threads, dataclasses.replace(injection, name=f"strict {injection.name}"))


def one(place, threads, injection):
    title = f"{injection.role}: {', '.join(injection.faults)}"
    with Case(place, injection.name.replace(",", ""), title, kinds=injection.kinds, may=injection.may) as case:
        fault(place, threads, injection, case)
    return case.result


def fault(place, threads, injection, case):
    path = place.segment() if injection.only_segment else None
    expected = {expression.split(":")[0]: times(expression) for expression in injection.faults}
    with contextlib.ExitStack() as stack:
        traces = [stack.enter_context(Strace([thread], {fault.split(":")[0] for fault in faults}, faults, path))
                  for thread, faults in targets(threads, injection)]

        def hits():
            return [line for trace in traces for line in trace.hits()]

        processes.wait_until(hits, HIT_SECONDS)
        for told in injection.must:
            case.expect_told(told, TOLD_SECONDS)
        if injection.lasts:
            lasts(place, injection, case)

        def missing():
            return [call for call, least in expected.items() if sum(trace.made(call) for trace in traces) < least]

        # A fault after a fault needs the repair to come that far.
        processes.wait_until(lambda: not missing(), REPAIR_SECONDS)
        for trace in traces:
            trace.detach()
        for call in missing():
            case.problem(f"{call} was not made to fail {expected[call]} times")
        made = hits()
    took = case.expect_service(now())
    case.fact(f"{len(made)} calls failed ({file_of(made)}); served again after {took:.1f} s")


def targets(threads, injection):
    """(thread, its faults) of all that are to be traced."""
    found = [(getattr(threads, injection.role), injection.faults)]
    shared = tuple(fault for fault in injection.faults if fault.split(":")[0] in DURABLE)
    return found + [(threads.worker, shared)] if injection.role == "writer" and shared else found


def times(expression):
    """How often strace's expression makes a call fail; at least once where it does as long as it is attached."""
    match = re.search(r"when=(\d+)(?:\.\.(\d+))?(?:\+(\d+))?$", expression)
    if match is None or match.group(2) is None:
        return 1
    return (int(match.group(2)) - int(match.group(1))) // int(match.group(3) or 1) + 1


def lasts(place, injection, case):
    """While it lasts the gateway says that it is not ready, and takes nothing."""
    until = now() + injection.lasts
    is_unready = False
    while now() < until:
        is_unready = is_unready or not place.is_ready()
        time.sleep(0.05)
    if not is_unready:
        case.problem("/readyz said yes all the time")
    # Where only the next segment cannot begin, what fits into this one is taken.
    if injection.must and "openat" not in injection.faults[0]:
        begun = now()
        wait(0.3)
        if any(entry.told == "ok" and entry.sent >= begun and entry.mark for entry in case.load.entries):
            case.problem("statements were answered while nothing could be recorded")


