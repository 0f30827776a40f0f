#!/usr/bin/python3
"""The command line of the faults of routing; `script/faults routing --help` describes it."""

import argparse
import json
import pathlib
import shlex
import sys

sys.dont_write_bytecode = True
SCRIPTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[1:1] = [str(SCRIPTS / "testbed-parts"), str(SCRIPTS / "integration-parts")]

import executors
import faults
import report
import run
import watch
from ending import run_and_close
from ground import Failure, Ground, binary_of, say

DESCRIPTION = """\
Breaks replicas one after the other while executors of three rules work through a gateway: a primary in eu-west-1, standbys
in eu-central-1 and us-east-1, each a real PostgreSQL server. After each fault:

  - no session has reached a region that its rule does not allow, by each server's own log, not the gateway's
  - executors saw nothing but the SQLSTATEs that the fault allows, and an answer to everything within 10 s
  - the gateway knew within fall × interval + timeout, by /metrics, asked every 50 ms
  - sessions of a lost replica ended at once (08006); failed probes alone ended none; a failed attestation ended all of the
    replica's (57P01)
  - once it is mended everything is as it was

  script/faults routing                         all of it: about five minutes
  script/faults routing --only freeze,swap      these faults
  script/faults routing --write                 put the table into docs/operations.md

It stands on servers, an issuer and a gateway of its own, on ports counted from $DOMICILE_TESTBED_PORT (default 9500), and
ends them. The black hole needs root. `revoke` needs a gateway that knows `sslcrl`. Exit status 1: something did not hold.
"""


def arguments():
    parser = argparse.ArgumentParser(prog="script/faults routing", description=DESCRIPTION,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="NAME,...", nargs="+", default=[], help=", ".join(faults.NAMES))
    parser.add_argument("--binary", metavar="FILE", type=pathlib.Path,
                        help="the gateway (default: $DOMICILE_BIN or .build/release/domicile)")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    parser.add_argument("--write", action="store_true", help="write the table into docs/operations.md")
    parser.add_argument("--keep", action="store_true", help="leave the logs and the data where they are")
    options = parser.parse_args()
    options.only = [name for words in options.only for name in words.split(",") if name]
    unknown = [name for name in options.only if name not in faults.NAMES]
    if unknown:
        parser.error(f"--only {', '.join(unknown)}: there are {', '.join(faults.NAMES)}")
    if options.write and options.only:
        parser.error("--write is for a run of all faults")
    return options


def run_all(ground, options):
    say("starting servers, an issuer and a gateway")
    ground.open()
    ground.watch = watch.Watch(ground.testbed.port("admin"))
    ground.watch.start()
    personas = {kind.token for kind in executors.KINDS}
    ground.load = executors.Load(
        ground.testbed.port("gateway"), ground.testbed.certificates / "gateway-ca.crt",
        {persona: ground.token(persona) for persona in personas})
    ground.load.start()
    results = []
    try:
        run.settle(ground)
        run.check_the_check(ground)
        if not ground.has_revocations:
            say("this gateway does not know sslcrl: without the fault `revoke`")
        for fault in faults.all_faults(ground):
            if options.only and fault.name not in options.only:
                continue
            say(fault.name)
            result = run.run(ground, fault)
            for problem in result.problems:
                say(f"{fault.name}: FAILED: {problem}")
            results.append(result)
    finally:
        ground.load.stop()
        ground.watch.stop()
    return results


def main():
    options = arguments()
    ground = None

    def work():
        nonlocal ground
        binary = binary_of(options.binary)
        facts = report.context(binary, shlex.join(["script/faults", "routing", *sys.argv[1:]]))
        ground = Ground(binary)
        results = run_all(ground, options)
        print(json.dumps(report.as_json(facts, results), indent=1, ensure_ascii=False) if options.json
              else report.terminal(facts, results))
        if options.write:
            report.write_document(facts, results)
        return 1 if not results or any(result.problems for result in results) else 0

    def close():
        if ground is not None:
            ground.close(keep=options.keep)

    return run_and_close(work, close, say, Failure)


sys.exit(main())
