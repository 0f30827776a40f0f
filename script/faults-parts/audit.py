#!/usr/bin/python3
"""The command line of the faults of the log; `script/faults audit --help` describes it."""

import argparse
import pathlib
import random
import sys
import time

sys.dont_write_bytecode = True
SCRIPTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[1:1] = [str(SCRIPTS / "faults-parts/audit"), str(SCRIPTS / "testbed-parts"), str(SCRIPTS / "integration-parts")]

import chance
import clock
import filling
import folders
import hanging
import injection
import killing
import readers
import selftest
import shortening
import starting
from case import verify_elsewhere
from ending import run_and_close
from place import Failure, Place, binary_of, say

DESCRIPTION = """\
Breaks what the audit log stands on, under a gateway that runs, while executors write down each statement that they sent and
what they were told. After each fault the ledger, the log's records and the server's own log are held against each other:

  - what was answered is in the log, and so is what reached the server, each once, with its outcome
  - what the log says was not forwarded did not reach the server
  - executors were told 58030, or what the fault allows, and nothing else; none was left waiting
  - it goes on by itself when the fault has ended; after kill -9 when it is started again, with every record that was there
  - `verify` finds the log whole, against every checkpoint that it ever showed, and counts what has no outcome as the ledger does

  script/faults audit                           all of it
  script/faults audit --only kill,inject:sync   these, or of one those whose name begins so
  script/faults audit --quick                   a few of each
  script/faults audit --self-test               mistakes made on purpose in what is compared: each must be found

"""
END = """
It stands on two servers, an issuer and a gateway of its own, on ports counted from $DOMICILE_TESTBED_PORT (default 9600), and
ends them. It needs root (ptrace, mount) and strace. Exit status 1: something did not hold.
"""


class Suite:
    """A kind of fault. `is_whole`: the log that it leaves can be verified. `is_quick`: some of it belongs to --quick."""

    def __init__(self, run, text, is_whole=True, is_quick=True):
        self.run = run
        self.text = text
        self.is_whole = is_whole
        self.is_quick = is_quick


SUITES = {
    "self-test": Suite(selftest.run, "mistakes made on purpose in what is compared"),
    "inject": Suite(injection.run, "each system call of an append, a rotation, a repair and a checkpoint fails in its turn"),
    "kill": Suite(killing.run, "kill -9 when each of these calls begins"),
    "start": Suite(starting.run, "a start behind a crash, killed and failing at each of its calls"),
    "short": Suite(shortening.run, "writes that the kernel cuts short"),
    "second": Suite(folders.run_second, "another gateway on the same folder"),
    "restored": Suite(folders.run_restored, "an older copy in the log's place", is_whole=False),
    "readers": Suite(readers.run, "tail, verify and copies while segments are begun"),
    "removed": Suite(folders.run_removed, "files that others remove, cut, replace or move", is_whole=False),
    "strict": Suite(injection.run_strict, "the same of appends, rotations and repairs under durability: strict", is_quick=False),
    "chance": Suite(chance.run, "several of them at once, drawn from --seed", is_quick=False),
    "hang": Suite(hanging.run, "a disk that hangs"),
    "full": Suite(filling.run, "a disk that is filled and emptied", is_whole=False),
    "clock": Suite(clock.run, "a clock that goes back", is_whole=False),
}


def arguments():
    listed = "".join(f"  {name:<10} {suite.text}\n" for name, suite in SUITES.items())
    parser = argparse.ArgumentParser(prog="script/faults audit", description=DESCRIPTION + listed + END,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="NAME,...", nargs="+", default=[], help="a kind of fault, or KIND:CASE")
    parser.add_argument("--quick", action="store_true", help="a few cases of each kind")
    parser.add_argument("--self-test", action="store_true", help="the same as --only self-test")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32), help="of the faults by chance")
    parser.add_argument("--durability", default="acknowledged", choices=("strict", "acknowledged", "buffered"))
    parser.add_argument("--binary", metavar="FILE", type=pathlib.Path,
                        help="the gateway (default: $DOMICILE_BIN or .build/release/domicile)")
    parser.add_argument("--keep", action="store_true", help="leave the logs and the data where they are")
    options = parser.parse_args()
    options.only = [name for words in options.only for name in words.split(",") if name]
    options.only += ["self-test"] if options.self_test else []
    unknown = [name for name in options.only if name.partition(":")[0] not in SUITES]
    if unknown:
        parser.error(f"--only {', '.join(unknown)}: there are {', '.join(SUITES)}")
    return options


def chosen(options):
    """(name, suite, beginnings of the names of its cases; none: all)."""
    for name, suite in SUITES.items():
        asked = [one.partition(":")[2] for one in options.only if one.partition(":")[0] == name]
        if asked or not options.only and (suite.is_quick or not options.quick):
            yield name, suite, [] if "" in asked else asked


def results(place, options):
    for name, suite, cases in chosen(options):
        names = []
        for result in suite.run(place, options, cases):
            names.append(result.name)
            yield result
        missing = [case for case in cases if not any(case in one for one in names)]
        if missing or not names:
            raise Failure(f"--only {name}: there is no case {', '.join(missing)}")
        if suite.is_whole and (name == "kill" or not options.quick):
            yield verify_elsewhere(place, name)


def run_all(place, options):
    begun = time.monotonic()
    place.open()
    count, failed = 0, []
    for result in results(place, options):
        print(result.line(), flush=True)
        count += 1
        failed += [result.name] if result.problems else []
    said = f"{len(failed)} failed: {', '.join(failed)}" if failed else "all as it must be"
    print(f"faults audit: {count} cases in {time.monotonic() - begun:.0f} s, {said}")
    return 1 if failed or not count else 0


def main():
    options = arguments()
    place = None

    def work():
        nonlocal place
        place = Place(binary_of(options.binary))
        return run_all(place, options)

    def close():
        if place is not None:
            place.close(keep=options.keep)

    return run_and_close(work, close, say, Failure)


sys.exit(main())
