"""F-AUD-11, F-AUD-21: readers of a log that is written, while its segments change: tail --follow, verify and copies."""

import shutil
import subprocess
import threading

import processes
from case import Case, wait
from folders import copy
from journal import lines, segments
from place import end_of

SECONDS, QUICK_SECONDS = 8, 1.5
CATCH_UP_SECONDS = 5


class Loop(threading.Thread):
    """Does one thing over and over; `found` are its problems."""

    def __init__(self, action):
        super().__init__(daemon=True)
        self.action = action
        self.stopping = threading.Event()
        self.found = []
        self.count = 0

    def run(self):
        while not self.stopping.is_set():
            problem = self.action(self.count)
            self.count += 1
            if problem:
                self.found.append(problem)

    def stop(self):
        self.stopping.set()
        self.join()


def run(place, options, _):
    place.take(options)
    folder = place.testbed.folder / "copies"

    def verify(_):
        status, output = place.call("audit", "verify", place.log, "--key", place.keys)
        unsigned = "the log has no checkpoint" in output or "nothing is signed" in output
        return None if status == 0 or unsigned else f"verify ended with {status}: {output[-300:]}"

    def copy_and_verify(number):
        target = folder / str(number)
        copy(place.log, target)
        status, output = 0, ""
        if (target / "checkpoint").exists():
            status, output = place.call("audit", "verify", target, "--key", place.keys)
        shutil.rmtree(target)
        return None if status == 0 else f"copy {number}: verify ended with {status}: {output[-300:]}"

    with Case(place, "readers", "tail --follow, verify and copies in a loop while segments are begun",
              kinds=("simple", "extended", "large", "large")) as case:
        followed = place.testbed.folder / "followed"
        before = len(segments(place.log))
        with open(followed, "wb") as output:
            tail = subprocess.Popen([place.binary, "audit", "tail", "--follow", "-n", "1000000", "--json", place.log],
                                    env=place.environment, stdin=subprocess.DEVNULL, stdout=output, start_new_session=True)
        place.undo.append(lambda: end_of(tail))
        loops = [Loop(verify), Loop(copy_and_verify)]
        for loop in loops:
            loop.start()
        wait(QUICK_SECONDS if options.quick else SECONDS)
        for loop in loops:
            loop.stop()
            for problem in loop.found[:3]:
                case.problem(problem)
        case.load.stop()
        place.wait_for_backends()
        follow(place, case, followed)
        end_of(tail)
        begun = len(segments(place.log)) - before
        if begun < 2:
            case.problem(f"only {begun} segments were begun")
        case.fact(f"{begun} segments begun; verified {loops[0].count} times; {loops[1].count} copies verified")
    yield case.result


def follow(place, case, followed):
    """What was followed is what stands in the log, each record once, in its order and byte for byte."""
    def shown():
        return followed.read_bytes().split(b"\n")[:-1]

    if not processes.wait_until(lambda: shown() == lines(place.log), CATCH_UP_SECONDS):
        found, expected = shown(), lines(place.log)
        wrong = next((place for place, pair in enumerate(zip(found, expected)) if pair[0] != pair[1]), len(found))
        case.problem(f"tail --follow shows {len(found)} records of {len(expected)}, other ones from {wrong} on")
