#!/usr/bin/python3
"""The guard's command line; `script/integration guard --help` describes it."""

import argparse
import json
import pathlib
import sys
import time

sys.dont_write_bytecode = True
PARTS = pathlib.Path(__file__).resolve().parent
sys.path[1:1] = [str(PARTS / "guard"), str(PARTS.parent / "testbed-parts"), str(PARTS), str(PARTS / "conformance")]

import corpus
import trial
import wild
from ending import run_and_close
from ground import Failure, Ground, binary_of, say

DESCRIPTION = """\
Tries the statement guard with the cases of Tests/Fixtures/sql, in each protocol that a case names, and looks at what
happened and not only at what was answered: at the log and the rows of a second PostgreSQL server that stands for another
region, at files, the catalogue, the roles, the session's identity, whether a read-only session could write.

  - what must be refused is first run direct and must be seen to do what it does; then through the gateway, where it must
    be answered 42501, do nothing of that, and fail a transaction as any error does
  - what must be allowed runs both ways and must be answered the same
  - in each run some cases are tried under a rule that forbids nothing, and must be seen to do their deed

With --random it tries statements that nobody wrote for this instead: PostgreSQL's own regression scripts and those of its
modules, and what sqlsmith makes up, one by one, in a session that `egress` is forbidden to and in one that nothing is forbidden to.
Nothing of the first may reach the far end, and what the second sends there must have been refused in the first.

  script/integration guard                       all cases
  script/integration guard --only role,egress-lo those whose name begins so
  script/integration guard --random 600          ten minutes of other statements; --seed N: the same again

It stands on two servers, an issuer and a gateway of its own, on ports counted from $DOMICILE_TESTBED_PORT (default: 8700, or
another base whose ports are free), and ends them. The scripts are fetched where `script/integration conformance` keeps them;
sqlsmith is installed where it is missing. Exit status 1: something was not as it must be.
"""


def arguments():
    parser = argparse.ArgumentParser(prog="script/integration guard", description=DESCRIPTION,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="PREFIX,...", help="cases whose name begins with one of these")
    parser.add_argument("--random", metavar="SECONDS", type=int, help="statements that nobody wrote for this, so long")
    parser.add_argument("--seed", metavar="N", type=int, default=1, help="of --random (default 1)")
    parser.add_argument("--binary", metavar="FILE", type=pathlib.Path,
                        help="the gateway (default: $DOMICILE_BIN or .build/release/domicile)")
    parser.add_argument("--verbose", action="store_true", help="print what each case did, and what a change of the catalogue overtook")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    parser.add_argument("--keep", action="store_true", help="leave the logs and the data where they are")
    return parser.parse_args()


def run_cases(ground, cases, everything):
    tried = trial.Trial(ground)
    results = []
    try:
        # What writes comes last: what the others read must not have changed.
        for case in sorted(cases, key=lambda case: not case.is_refused and not case.is_read_only):
            result = trial.Result(case)
            if case.is_refused:
                tried.check_direct(case, result)
                tried.check_refused(case, result)
            else:
                tried.check_allowed(case, result)
            ground.insist_on_gateway()
            results.append(result)
        missed = tried.check_the_eyes(everything)
    finally:
        tried.close()
    return results, missed


def run_random(ground, options):
    tried = wild.run(ground, options.random, options.seed)
    for text in tried.overtaken if options.verbose else ():
        print(f"overtaken by a change of the catalogue: {text}")
    for failure in tried.failures:
        print(f"FAILED {failure}")
    print(f"seed {options.seed}: {tried.summary()}, {len(tried.failures)} failures")
    return 1 if tried.failures else 0


def report(results, missed, options):
    if options.json:
        print(json.dumps([{"case": result.case.name, "expect": result.case.fields["expect"], "direct": result.direct,
                           "through": result.through, "problems": result.problems} for result in results], indent=1))
    for result in results:
        if options.verbose:
            print(f"{result.case.name}\n  direct   {result.direct[:300]}\n  through  {result.through[:300]}")
        for problem in result.problems:
            print(f"FAILED {result.case.name}: {problem}")
    for name, kind in (("refuse", True), ("allow", False)):
        of_kind = [result for result in results if result.case.is_refused is kind]
        good = sum(not result.problems for result in of_kind)
        print(f"{name}: {good} of {len(of_kind)} are as they must be")
    for problem in missed:
        print(f"FAILED {problem}")


def main():
    options = arguments()
    ground = None
    begun = time.monotonic()

    def work():
        nonlocal ground
        everything = corpus.load()
        prefixes = tuple((options.only or "").split(","))
        cases = [case for case in everything if case.name.startswith(prefixes)]
        if not cases:
            raise Failure(f"no case begins with {options.only}")
        ground = Ground(binary_of(options.binary), corpus.rules(everything))
        say("starting two servers, an issuer and a gateway")
        ground.open()
        if options.random:
            return run_random(ground, options)
        say(f"{len(cases)} cases ({time.monotonic() - begun:.1f} s)")
        results, missed = run_cases(ground, cases, everything)
        report(results, missed, options)
        say(f"{time.monotonic() - begun:.1f} s")
        return 1 if missed or any(result.problems for result in results) else 0

    def close():
        if ground is not None:
            ground.close(keep=options.keep)

    return run_and_close(work, close, say, Failure)


sys.exit(main())
