#!/usr/bin/python3
"""The conformance run's command line; `script/integration conformance --help` describes it."""

import argparse
import json
import os
import pathlib
import shutil
import signal
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "conformance"))

import behind
import compare
import document
import suites
import tap
from ground import Failure, Ground, OwnTestbed
from sources import Sources

DESCRIPTION = """\
Runs PostgreSQL's own tests and drivers' own tests in the testbed's database `scratch`, once straight at the primary and
once through the gateway, and compares the two results, test by test. What the tests expect is of no account: the goal is
that each says through the gateway exactly what it says direct.

  script/integration conformance                           all suites: some ten minutes, the first time with builds
  script/integration conformance --suite regress,psycopg2  these
  script/integration conformance --write                   put the table into docs/coverage.md; rows of suites that
                                                           did not run stay

After each suite the audit log must be whole and without gaps, every session ended, and the gateway's descriptors and
memory as before. A test that differs runs again direct, some times where that is cheap; one that then says what it said
through the gateway is unstable in itself: it is said and not counted.

The sources are Debian's of PostgreSQL 15 and PyPI's of the drivers; they are fetched and built in
$XDG_CACHE_HOME/domicile-conformance. It starts a testbed of its own from $DOMICILE_TESTBED_PORT (default 8600), and ends
it. Exit status 1: a difference that is not in conformance-known.json, or an entry there that nothing needs any more.
"""

SUITES = (suites.Core(), suites.Isolation(), suites.Pipeline(), tap.Programs(), suites.Modules(),
          suites.Driver("psycopg2", "tests", least=650), suites.Driver("asyncpg", "tests", least=250),
          suites.Driver("pg8000", "test", least=700))


def arguments():
    names = [suite.name for suite in SUITES]
    parser = argparse.ArgumentParser(prog="script/integration conformance", description=DESCRIPTION,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suite", metavar="NAME,...", help=f"some of {', '.join(names)}")
    parser.add_argument("--part", metavar="NAME,...", help="of a suite with parts (contrib), these")
    parser.add_argument("--testbed", action="store_true", help="use the testbed of $DOMICILE_TESTBED_DIR, which runs")
    parser.add_argument("--no-install", action="store_true", help="use what the cache has")
    parser.add_argument("--once", action="store_true", help="do not run again what differs")
    parser.add_argument("--keep", metavar="FOLDER", help="leave the results and their diffs in this new folder")
    parser.add_argument("--json", action="store_true", help="print everything as JSON instead of a table")
    parser.add_argument("--write", action="store_true", help="write the table into docs/coverage.md")
    options = parser.parse_args()
    wanted = names if options.suite is None else options.suite.split(",")
    unknown = [name for name in wanted if name not in names]
    if unknown:
        parser.error(f"--suite {','.join(unknown)}: there are {', '.join(names)}")
    options.suites = [suite for suite in SUITES if suite.name in wanted]
    options.part = options.part and options.part.split(",")
    if options.write and (options.part or options.once):
        parser.error("--write is for runs of whole suites")
    return options


def say(text):
    print(f"conformance: {text}", file=sys.stderr, flush=True)


class Result:
    """What came of one suite."""

    def __init__(self, suite):
        self.suite = suite
        self.tests = 0
        self.differences = []
        self.problems = []
        self.left = {}

    @property
    def unstable(self):
        return [difference for difference in self.differences if difference.is_unstable]

    @property
    def explained(self):
        return [difference for difference in self.differences if difference.reason and not difference.is_unstable]

    @property
    def unexplained(self):
        return [difference for difference in self.differences if not difference.reason and not difference.is_unstable]

    def as_json(self):
        return {"suite": self.suite.name, "version": self.suite.version, "tests": self.tests,
                "differences": [difference.as_json() for difference in self.differences],
                "problems": self.problems, "left": self.left}


class Run:
    def __init__(self, ground, gateway, known, folder, options):
        self.ground = ground
        self.gateway = gateway
        self.known = known
        self.folder = folder
        self.options = options

    def parts_of(self, suite):
        return [part for part in suite.parts() if self.options.part is None or part is None or part in self.options.part]

    def one_way(self, suite, way, only=None):
        found = {}
        for part in self.parts_of(suite):
            self.ground.reset()
            self.ground.wait_for_login(self.ground.through)
            # The same path both ways: tests print it.
            folder = self.folder / "suite"
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            folder.chmod(0o777)
            if way is self.ground.through and part == self.parts_of(suite)[0]:
                self.gateway.mark()
            found.update(suite.run(part, way, folder, only))
        return found

    def run(self, suite):
        result = Result(suite)
        say(f"{suite.name} {suite.version}: direct")
        direct = self.one_way(suite, self.ground.direct)
        say(f"{suite.name} {suite.version}: through the gateway")
        through = self.one_way(suite, self.ground.through)
        result.left, result.problems = self.gateway.what_is_left()
        result.tests = len(direct)
        result.differences = compare.differences(suite.name, direct, through)
        meant = suite.meant(direct)
        if meant < suite.least and self.options.part is None:
            result.problems.append(f"{meant} tests gave a result direct: at least {suite.least} must")
        self.keep(suite, "direct", direct)
        self.keep(suite, "through", through)
        for difference in result.differences:
            self.known.judge(difference)
        if not self.options.once:
            self.look_again(suite, result, through)
        return result

    def look_again(self, suite, result, through):
        """A difference is the test's own if it says direct, at another time, what it said through the gateway."""
        for _ in range(suite.repeats):
            names = [difference.test for difference in result.unexplained]
            if not names:
                return
            say(f"{suite.name}: {len(names)} tests differ; running direct once more")
            again = self.one_way(suite, self.ground.direct, names)
            for difference in result.unexplained:
                difference.is_unstable = again.get(difference.test) == through.get(difference.test)

    def keep(self, suite, way, found):
        if self.options.keep is None:
            return
        folder = pathlib.Path(self.options.keep) / suite.name / way
        for name, text in found.items():
            file = folder / (name.replace("/", ".")[:200] + ".out")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, errors="surrogateescape")


def run_all(options, variables):
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "domicile-conformance"
    sources = Sources(cache, not options.no_install, say)
    ground = Ground(variables)
    known = compare.Known()
    results = []
    with tempfile.TemporaryDirectory(prefix="domicile-conformance.") as folder:
        pathlib.Path(folder).chmod(0o711)
        gateway = behind.Gateway(variables)
        run = Run(ground, gateway, known, pathlib.Path(folder), options)
        try:
            for suite in options.suites:
                suite.prepare(sources)
                results.append(run.run(suite))
                tell(results[-1])
        finally:
            ground.reset()
    context = {"postgresql": ground.psql("SHOW server_version")[0].split()[0],
               "domicile": behind.version_of(variables["DOMICILE_BIN"]), "date": document.today()}
    whole = set() if options.part else {result.suite.name for result in results if not result.unstable}
    return context, results, known.unused(whole)


def tell(result):
    say(f"{result.suite.name}: {result.tests} tests, {len(result.unexplained)} differ, {len(result.explained)} are known "
        f"to, {len(result.unstable)} are unstable; {result.left}")
    for problem in result.problems:
        say(f"{result.suite.name}: {problem}")
    for difference in result.unexplained:
        say(f"{result.suite.name}/{difference.test} differs:\n" + "\n".join(line[:200] for line in difference.diff[:40]))


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options = arguments()
    try:
        if options.keep is not None:
            pathlib.Path(options.keep).mkdir()
        with OwnTestbed(options.testbed, say) as variables:
            context, results, unused = run_all(options, variables)
        if options.write:
            document.write(context, results, compare.Known(), [suite.name for suite in SUITES])
            say(f"wrote {document.DOCUMENT.name}")
    except (Failure, OSError) as problem:
        say(problem)
        return 1
    except KeyboardInterrupt:
        say("interrupted")
        return 130
    if options.json:
        print(json.dumps({**context, "suites": [result.as_json() for result in results], "unused": unused}, indent=1))
    else:
        print(document.terminal(results))
    for entry in unused:
        say(f"nothing differs any more where conformance-known.json says so: {entry['suite']}/{entry['test']}")
    return 1 if unused or any(result.unexplained or result.problems for result in results) else 0


sys.exit(main())
