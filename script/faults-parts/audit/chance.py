"""Several faults at once, drawn from a seed: what nobody thought of. The same seed draws the same faults."""

import contextlib
import random

import survey
from case import Case, wait
from journal import lines
from killing import GONE
from place import now, say
from strace import Strace

ROUNDS = 25
SECONDS = 1.6
ERRORS = ("EIO", "ENOSPC", "EDQUOT", "EROFS", "EMFILE")
# How often a gateway is killed at one of the calls as well.
KILLED = 0.3
# What the writer's thread does beside syncing: only when it repairs, or begins a segment.
WRITER = ("fdatasync", "newfstatat", "openat", "fsync", "rename", "ftruncate", "fstatfs", "close")
# What a worker does beside appending, where the disk is fast.
WORKER = ("fdatasync", "newfstatat")
TREE = ("openat", "write", "fsync", "rename", "mkdir", "unlink", "close", "newfstatat", "pread64")


def draw(source):
    """{role: strace's expressions}, and whether one of them is the end of the gateway."""
    faults = {"tree": some(source, TREE, 12), "writer": some(source, WRITER, 4)}
    if source.random() < 0.5:
        faults["worker"] = [fault(source, "write", 20), *some(source, WORKER, 12)]
    is_killed = source.random() < KILLED
    if is_killed:
        role, calls, most = source.choice((("tree", TREE, 8), ("writer", WRITER[:2], 8), ("worker", WORKER, 8)))
        call = source.choice(calls)
        # Of two expressions for one call strace takes the last.
        faults.setdefault(role, []).append(f"{call}:signal=SIGKILL:when={source.randint(1, most)}")
    return {role: chosen for role, chosen in faults.items() if chosen}, is_killed


def some(source, calls, most):
    return [fault(source, call, most) for call in source.sample(calls, source.randint(0, min(3, len(calls))))]


def fault(source, call, most):
    first = source.randint(1, most)
    return f"{call}:error={source.choice(ERRORS)}:when={first}..{first + source.choice((0, 0, 1, 3))}"


def run(place, options, _):
    source = random.Random(options.seed)
    say(f"faults by chance are drawn from seed {options.seed}")
    place.begin(options.durability)
    for number in range(ROUNDS):
        faults, is_killed = draw(source)
        title = "; ".join(f"{role}: {', '.join(chosen)}" for role, chosen in faults.items())
        with Case(place, f"chance {number}", title or "nothing", kinds=("simple", "extended", "large"),
                  may={"58030", *GONE} if is_killed else {"58030"}) as case:
            one(place, case, faults, is_killed)
        yield case.result


def one(place, case, faults, is_killed):
    threads = survey.find(place)
    hits = 0
    with contextlib.ExitStack() as stack:
        traces = [stack.enter_context(Strace(
            [getattr(threads, role)], {fault.split(":")[0] for fault in chosen}, chosen,
            place.segment() if role == "worker" else None)) for role, chosen in faults.items()]
        wait(SECONDS)
        for trace in traces:
            trace.detach()
            hits += len(trace.hits())
    if not place.is_running():
        case.is_killed = True
        place.wait_for_end()
        before = lines(place.log)
        begun = now()
        place.start()
        took = case.expect_service(begun)
        if lines(place.log)[:len(before)] != before:
            case.problem("records that were there when it was killed are not as they were")
        case.fact(f"killed; {hits} calls failed; served again {took:.1f} s after the start")
    else:
        case.fact(f"{hits} calls failed; served again after {case.expect_service(now()):.1f} s")
