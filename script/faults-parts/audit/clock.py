"""F-AUD-18: the clock that goes back and forth under a gateway that runs: the log's time never goes back.

A time namespace shifts only the monotonic clock, and libfaketime takes a Swift program's arguments away: a library of a few lines
of C stands before the C library's clock, for the gateway alone.
"""

import datetime
import shutil
import struct
import subprocess
from pathlib import Path

from case import Case, next_record, wait
from journal import read
from place import Failure

SOURCE = Path(__file__).with_name("shifted_clock.c")
# Seconds by which the clock is wrong, and by how many it is then behind the log's time. Certificates are five minutes old.
JUMPS = ((-120, 120), (0, None), (3600, None), (0, 3600))
SECONDS = 0.5
# Records that may have had their time before the clock was changed.
SETTLED = 20


def run(place, options, _):
    library, offset = place.testbed.folder / "shifted-clock.so", place.testbed.folder / "clock-offset"
    build(library)
    offset.write_bytes(struct.pack("=q", 0))
    place.extra = {"LD_PRELOAD": str(library), "DOMICILE_CLOCK_OFFSET": str(offset), "TZ": "Asia/Kathmandu"}
    try:
        place.begin(options.durability)
        with Case(place, "clock", "the clock goes back two minutes, on again, an hour ahead and back",
                  kinds=("simple", "extended")) as case:
            for seconds, lost in JUMPS:
                jump(place, case, offset, seconds, lost)
        check_order(case)
        yield case.result
    finally:
        place.extra = {}
        place.stop()


def build(library):
    # Swift brings clang along.
    compiler = next((name for name in ("cc", "gcc", "clang") if shutil.which(name)), "cc")
    done = subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", library, SOURCE], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"{compiler} cannot build {SOURCE.name}:\n{done.stderr}")


def jump(place, case, offset, seconds, lost):
    """`lost`: by how many seconds the clock is behind the log's time afterwards; None: it is not."""
    # In place: the gateway has it mapped.
    with open(offset, "r+b") as file:
        file.write(struct.pack("=q", seconds))
    first = next_record(place.log)
    wait(SECONDS)
    records = read(place.log, first + SETTLED)
    if not records:
        case.problem(f"nothing was recorded with the clock {seconds} s wrong")
        return
    behind = records[-1].get("clock_back_us")
    if lost is None and behind is not None:
        case.problem(f"clock_back_us is {behind} though the clock is not behind, {seconds} s wrong")
    if lost is not None and (behind is None or not lost - 60 < behind / 1e6 <= lost + 1):
        case.problem(f"clock_back_us is {behind} with the clock {seconds} s wrong")


def check_order(case):
    times = [record["time"] for record in case.account.records]
    if times != sorted(times):
        case.problem("time goes back in the log")
    first = datetime.datetime.fromisoformat(times[0].replace("Z", "+00:00"))
    if abs((datetime.datetime.now(datetime.timezone.utc) - first).total_seconds()) > 60:
        case.problem(f"the log's time is not UTC: {times[0]}")
    behind = sum("clock_back_us" in record for record in case.account.records)
    case.fact(f"{len(times)} times in order, {behind} with clock_back_us")
