"""F-AUD-05: writes that the kernel really cuts short: a limit on the size of files (RLIMIT_FSIZE) that ends within a record."""

import re
import resource

import processes
from case import Case, wait
from place import now
from strace import Strace

# Bytes of the next record that still fit.
FIT, QUICK_FIT = (1, 2, 27, 100, 399), (27,)
# Files of the tree must fit: they are smaller than this.
LEAST = 64 << 10
GROW_SECONDS = 10
TOLD_SECONDS = 5
TRIES = 8
WRITE = re.compile(r", (\d+)\) += (\d+)$", re.MULTILINE)


def run(place, options, _):
    place.take(options)
    for fit in QUICK_FIT if options.quick else FIT:
        with Case(place, f"short write {fit}", f"of the next write {fit} bytes fit, of those behind it nothing",
                  kinds=("simple", "extended", "large"), may={"58030"}) as case:
            processes.wait_until(lambda: place.segment().stat().st_size > LEAST, GROW_SECONDS)
            for _ in range(TRIES):
                if shorten(place, case, fit):
                    break
            else:
                case.problem("no write was cut short")
        yield case.result
    yield none_grows(place)


def none_grows(place):
    """The limit is below what all files have: the log's, and the one that the gateway's own messages go to."""
    with Case(place, "no file may grow", "no file of the gateway's may grow, its own messages' included", may={"58030"}) as case:
        resource.prlimit(place.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
        case.expect_told("58030", TOLD_SECONDS)
        if not processes.wait_until(lambda: not place.is_running() or not place.is_ready(), TOLD_SECONDS):
            case.problem("/readyz says yes all the time")
        wait(0.5)
        unlimit(place, case)
    return case.result


def unlimit(place, case):
    """The limit ends; the gateway must have lived with it."""
    if not place.is_running():
        case.problem("the gateway has ended")
        place.start()
        return
    resource.prlimit(place.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    case.fact(f"served again after {case.expect_service(now()):.1f} s")


def shorten(place, case, fit):
    """Whether a write was cut short: the worker may have passed the limit before it is one."""
    refused = case.load.saw()["58030"]
    with Strace(place.threads("worker"), {"write"}, path=place.segment()) as strace:
        resource.prlimit(place.pid, resource.RLIMIT_FSIZE,
                         (place.segment().stat().st_size + fit, resource.RLIM_INFINITY))
        if not processes.wait_until(lambda: case.load.saw()["58030"] > refused or not place.is_running(), TOLD_SECONDS):
            case.problem("nobody was told 58030")
        unlimit(place, case)
        strace.detach()
        counts = [(int(asked), int(written)) for asked, written in WRITE.findall("\n".join(strace.lines()))]
    return any(0 < written < asked for asked, written in counts)
