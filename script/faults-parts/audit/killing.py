"""F-AUD-06, F-AUD-08, F-AUD-24, F-OPS-18: kill -9 at every system call of an append, a rotation and a checkpoint; then another start.

Nothing that was there may be gone or other, nothing that the server's own log has may be missing.
"""

import processes
import survey
from case import Case
from journal import lines
from place import now
from strace import Strace

HIT_SECONDS = 8.0
MOST = 12
# Writes of the worker in a turn: records, then what is forwarded, then what is answered.
WORKER_WRITES = 8
# What an executor may be told of a gateway that was killed, or has only begun.
GONE = frozenset({"closed", "08001"})
ALL_KINDS = ("simple", "extended", "large")
QUICK = ("worker write 2", "worker fdatasync 1", "tree rename 2")


def points(counted):
    """(name, thread, call, number of the call that is the last)."""
    found = [(f"worker write {number}", "worker", "write", number) for number in range(1, WORKER_WRITES + 1)]
    for (role, call), most in sorted(counted.items()):
        if (role, call) != ("worker", "write"):
            found += [(f"{role} {call} {number}", role, call, number) for number in range(1, min(most, MOST) + 1)]
    return found


def run(place, options, names):
    """Yields results; one log, in which every gateway goes on where the last one was killed."""
    place.take(options)
    if options.quick:
        chosen = [(name, *name.split()) for name in QUICK]
        chosen = [(name, role, call, int(number)) for name, role, call, number in chosen]
    else:
        with Case(place, "kill survey", "the calls of the log are counted", kinds=ALL_KINDS) as case:
            counted = survey.count(place, survey.find(place))
            case.fact(", ".join(f"{role} {call} {most}" for (role, call), most in sorted(counted.items())))
        yield case.result
        chosen = points(counted)
    for name, role, call, number in chosen:
        if not names or any(name.startswith(one) for one in names):
            yield one(place, name, role, call, number)


def one(place, name, role, call, number):
    with Case(place, f"kill {name}", f"kill -9 when the {role} thread begins its {call} number {number}", kinds=ALL_KINDS,
              may=GONE) as case:
        case.is_killed = True
        with Strace([getattr(survey.find(place), role)], {call}, [f"{call}:signal=SIGKILL:when={number}"]):
            if not processes.wait_until(lambda: not place.is_running(), HIT_SECONDS):
                case.problem("no such call came")
                place.kill()
        place.wait_for_end()
        before = lines(place.log)
        begun = now()
        place.start()
        took = case.expect_service(begun)
        after = lines(place.log)
        if after[:len(before)] != before:
            case.problem("records that were there when it was killed are not as they were")
        case.fact(f"{len(before)} records outlived it; served again {took:.1f} s after the start")
    return case.result
