#!/usr/bin/python3
"""The load run's command line; `script/integration load --help` describes it."""

import argparse
import json
import os
import pathlib
import shlex
import sys

sys.dont_write_bytecode = True

import load_report
from ending import run_and_close
from load_checks import Result
from load_descriptors import descriptors
from load_ground import REPOSITORY, Failure, Ground, say
from load_runs import burst, churn, idle

RUNS = {"burst": burst, "churn": churn, "idle": idle, "descriptors": descriptors}

DESCRIPTION = """\
Many sessions through one gateway, on loopback, and whether anything stays behind: descriptors, memory, upstreams, a
session without its records. Each part has a fresh gateway.

  burst        2,000 sessions opened at once over TLS: 500 to a real primary, which takes fewer, 1,500 to a stub of one;
               each is answered or refused in words
  churn        300 times a second for a minute: connect, one query, disconnect
  idle         10,000 idle sessions, in plaintext and over TLS: memory of each, an active session's latency beside them
               (F-OPS-13)
  descriptors  more sessions than descriptors: the log is written, health answers, the CPU is idle, and it recovers
               (F-OPS-01)

  script/integration load                         all of it: some minutes
  script/integration load --only burst,idle       these parts
  script/integration load --write                 put the figures into docs/performance.md

It starts a testbed of its own from $DOMICILE_TESTBED_PORT (default 8600), and ends it. cc and OpenSSL's headers are
needed: the programs that open the sessions and the stub are C. 10,000 sessions need 20,000 descriptors; root may have
them, others run as many sessions as their limit allows. Exit status 1: something did not hold.
"""


def arguments():
    parser = argparse.ArgumentParser(prog="script/integration load", description=DESCRIPTION,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="PART,...", help=", ".join(RUNS))
    parser.add_argument("--binary", metavar="FILE", type=pathlib.Path,
                        default=pathlib.Path(os.environ.get("DOMICILE_BIN") or REPOSITORY / ".build/release/domicile"),
                        help="the gateway (default: $DOMICILE_BIN or .build/release/domicile)")
    parser.add_argument("--testbed", action="store_true", help="use the testbed of $DOMICILE_TESTBED_DIR, which runs")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    parser.add_argument("--write", action="store_true", help="write the figures into docs/performance.md")
    options = parser.parse_args()
    options.parts = [part.strip() for part in options.only.split(",")] if options.only else list(RUNS)
    unknown = [part for part in options.parts if part not in RUNS]
    if unknown:
        parser.error(f"--only {', '.join(unknown)}: there are {', '.join(RUNS)}")
    if options.write and options.only:
        parser.error("--write is for a run of all parts")
    if options.testbed and not os.environ.get("DOMICILE_TESTBED_DIR"):
        parser.error("--testbed needs DOMICILE_TESTBED_DIR")
    if not os.access(options.binary, os.X_OK):
        parser.error(f"there is no gateway at {options.binary}: build it with script/build, or say --binary")
    return options


def run(ground, options):
    results = []
    ground.open()
    ground.stub()
    for part in options.parts:
        say(part)
        try:
            found = RUNS[part](ground)
        except (Failure, OSError, ValueError, KeyError) as problem:
            failed = Result(part)
            failed.problems.append(f"{type(problem).__name__}: {problem}")
            found = [failed]
            ground.end_gateways()
        found = found if isinstance(found, list) else [found]
        for result in found:
            for problem in result.problems:
                say(f"{result.name}: FAILED: {problem}")
        results += found
    return results


def main():
    options = arguments()
    ground = None

    def work():
        nonlocal ground
        facts = load_report.context(options.binary, shlex.join(["script/integration", "load", *sys.argv[1:]]))
        testbed = pathlib.Path(os.environ["DOMICILE_TESTBED_DIR"]) if options.testbed else None
        ground = Ground(options.binary, int(os.environ.get("DOMICILE_TESTBED_PORT", "8600")), testbed)
        results = run(ground, options)
        facts["load"].append(round(os.getloadavg()[0], 1))
        if options.json:
            print(json.dumps(load_report.as_json(facts, results), indent=1, ensure_ascii=False))
        else:
            print(load_report.terminal(facts, results))
        if options.write:
            load_report.write_document(facts, results)
            say(f"wrote {load_report.DOCUMENT.name}")
        return 1 if any(result.problems for result in results) else 0

    def close():
        if ground is not None:
            ground.close()

    return run_and_close(work, close, say, Failure)


sys.exit(main())
