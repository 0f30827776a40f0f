"""F-AUD-03: a disk that hangs: fdatasync(2) or write(2) takes seconds. The log refuses FUSE, so strace makes the call wait."""

import processes
import survey
from case import Case, wait
from ledger import Load
from place import OTHER, now
from strace import Strace, status

SECONDS, QUICK_SECONDS = 3.0, 1.2
# What a session of the other region may be kept waiting meanwhile.
UNMOVED_SECONDS = 1.0
# Before a disk that hangs goes on again: nothing is answered up to then.
MARGIN = 0.15
LOOKS = 8


def run(place, options, _):
    seconds = QUICK_SECONDS if options.quick else SECONDS
    durabilities = ["strict"] if options.quick else [options.durability, "strict"]
    for durability in dict.fromkeys(durabilities):
        place.begin(durability)
        yield hang(place, f"hang sync {durability}", "fdatasync", seconds, durability)
        if not options.quick:
            # Records are written by the worker itself: all its sessions wait, and that is documented.
            yield hang(place, f"hang write {durability}", "write", seconds, durability)


def hang(place, name, call, seconds, durability):
    with Case(place, name, f"{call} takes {seconds} s", kinds=("simple", "extended")) as case, \
            Load(place, name.replace(" ", "-") + "-other", ("simple",), "ledger", "us-analyst") as other:
        case.expect_served(other)
        threads = survey.find(place)
        # On a fast disk a worker syncs, and nobody can say which of the two is next.
        traced = [threads.worker] if call == "write" else [threads.writer, threads.worker]
        delay = f"{call}:delay_enter={int(seconds * 1e6)}:when=1"
        with Strace(traced, {call}, [delay], place.segment()) as strace:
            # strace writes a call down when it is over; its thread is stopped all the time.
            if not processes.wait_until(lambda: any(stays_stopped(thread) for thread in traced), seconds):
                case.problem("the thread is not stopped")
            begun = now()
            wait(seconds - 2 * MARGIN)
            check_held(case, begun, durability)
            if not processes.wait_until(strace.hits, seconds):
                case.problem("no call was made to wait")
            strace.detach()
        case.expect_service(now())
        other.stop()
        compare(case, other, seconds, other_is_unmoved=call == "fdatasync")
    return case.result


def stays_stopped(thread):
    """Whether it is one stop, and not that of each call that is traced."""
    for _ in range(LOOKS):
        if status(thread, "State") != "t":
            return False
        wait(MARGIN / LOOKS)
    return True


def check_held(case, begun, durability):
    """What was sent while the disk hangs is not answered; under `strict` it has not reached the server either."""
    ended = [entry for entry in case.load.entries if entry.mark and entry.sent > begun]
    if ended and durability != "buffered":
        case.problem(f"{len(ended)} statements had an end while the disk did not take their records: {ended[0].told}")
    waiting = case.load.waiting(now() - MARGIN)
    reached = case.server.peek()
    early = waiting & set(reached)
    if durability == "strict" and early:
        case.problem(f"statements reached the server before their records were durable: {', '.join(sorted(early))}")
    case.fact(f"{len(waiting)} statements were held, {len(early)} of them at the server")


def compare(case, other, seconds, other_is_unmoved):
    slowest, slowest_other = slowest_of(case.load), slowest_of(other)
    if slowest < seconds - 3 * MARGIN:
        case.problem(f"nobody had to wait: the slowest statement took {slowest:.1f} s")
    if other_is_unmoved and slowest_other > UNMOVED_SECONDS:
        case.problem(f"a session of {OTHER} waited {slowest_other:.1f} s")
    if set(other.saw()) - {"ok"}:
        case.problem(f"executors of {OTHER} were told {', '.join(other.saw())}")
    case.fact(f"slowest statement {slowest:.1f} s, of {OTHER} {slowest_other:.1f} s")


def slowest_of(load):
    return max((entry.at - entry.sent for entry in load.entries if entry.mark), default=0.0)
