#!/usr/bin/python3
"""The driver matrix's command line; `script/integration drivers --help` describes it."""

import argparse
import json
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

import installation
import matrix
import programmes
import report

DESCRIPTION = """\
Runs the same programme with every PostgreSQL driver there is, direct against a server and through the gateway: login
with a token over TLS (verify-full), simple statements, parameters, prepared statements, a batch or pipeline, COPY both
ways, an error in a transaction and its rollback, a cancel, large values and many rows, NOTICE, LISTEN and NOTIFY.

Three runs each: direct, by way of a recorder that notes every message; through the gateway; and through the gateway with
the recorder in front of it. The audit log of the latter two must say what was sent and answered: each statement,
execution, outcome, for the last to the very message. Each frame of the last must be that of the direct run. The check of
the log is also shown to fail: records are spoilt, one at a time, and it must notice.

  script/integration drivers                      all of them: some minutes, the first time with installations
  script/integration drivers --only psycopg,odbc  those whose names begin so
  script/integration drivers --write              put the tables into docs/clients.md

It installs what is missing: Debian's packages where it runs as root, PyPI's into a virtual environment in
$XDG_CACHE_HOME/domicile-drivers. It starts a testbed of its own from $DOMICILE_TESTBED_PORT (default 8400), and ends it.
Exit status 1: a step differs from the direct run, the log is wrong, or more drivers are missing than --skips allows.
"""


def arguments():
    parser = argparse.ArgumentParser(prog="script/integration drivers", description=DESCRIPTION,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="NAME,...", help="drivers whose names begin so")
    parser.add_argument("--list", action="store_true", help="name the drivers and what they need, and end")
    parser.add_argument("--testbed", action="store_true", help="use the testbed of $DOMICILE_TESTBED_DIR, which runs")
    parser.add_argument("--no-install", action="store_true", help="use what is installed")
    parser.add_argument("--skips", type=int, default=2, metavar="N", help="drivers that may be missing (default 2)")
    parser.add_argument("--token", type=int, default=4000, metavar="BYTES", help="length of the token (default 4000)")
    parser.add_argument("--json", action="store_true", help="print everything as JSON instead of tables")
    parser.add_argument("--write", action="store_true", help="write the tables into docs/clients.md")
    options = parser.parse_args()
    options.drivers = [driver for driver in programmes.DRIVERS if options.only is None or any(
        part and driver.name.lower().startswith(part.strip().lower()) for part in options.only.split(","))]
    if not options.drivers:
        parser.error(f"--only {options.only}: there are {', '.join(driver.name for driver in programmes.DRIVERS)}")
    if options.write and options.only:
        parser.error("--write is for a run of all drivers")
    return options


def say(text):
    print(f"drivers: {text}", file=sys.stderr, flush=True)


class OwnTestbed:
    """A testbed for this run, or the one that runs already."""

    def __init__(self, is_there):
        self.is_there = is_there
        self.folder = None
        self.environment = dict(os.environ)

    def __enter__(self):
        if not self.is_there:
            self.folder = pathlib.Path(tempfile.mkdtemp(prefix="domicile-drivers."))
            self.folder.chmod(0o711)
            self.environment["DOMICILE_TESTBED_DIR"] = str(self.folder / "testbed")
            self.environment.setdefault("DOMICILE_TESTBED_PORT", "8400")
            say("starting a testbed")
            try:
                self.call("up")
            except matrix.Failure:
                self.__exit__()
                raise
        variables = {}
        for line in self.call("env").splitlines():
            name, value = line.removeprefix("export ").split("=", 1)
            variables[name] = (shlex.split(value) or [""])[0]
        return variables

    def __exit__(self, *_):
        # A second Ctrl-C must not leave servers behind.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if self.folder is not None:
            try:
                self.call("down")
            finally:
                shutil.rmtree(self.folder, ignore_errors=True)

    def call(self, operation):
        script = pathlib.Path(__file__).resolve().parent.parent / "testbed"
        done = subprocess.run([script, operation], env=self.environment, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, check=False)
        if done.returncode:
            raise matrix.Failure(f"script/testbed {operation} failed:\n{done.stderr}")
        return done.stdout


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options = arguments()
    if options.list:
        for driver in options.drivers:
            print(f"{driver.name:<24} {' '.join([*driver.packages, *driver.unpack, *driver.wheels])}")
        return 0
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "domicile-drivers"
    here = installation.Installation(cache, not options.no_install, say)
    try:
        with OwnTestbed(options.testbed) as variables:
            variables["token"] = matrix.token_of(options.token, variables)
            results = matrix.run_all(options.drivers, here, variables, say)
            context = report.context(variables)
    except matrix.Failure as problem:
        say(problem)
        return 1
    except KeyboardInterrupt:
        say("interrupted")
        return 130
    if options.json:
        print(json.dumps({**context, "drivers": [result.as_json() for result in results]}, indent=1, ensure_ascii=False))
    else:
        print(report.terminal(results))
    if options.write:
        report.write_document(context, results)
        say(f"wrote {report.DOCUMENT.name}")
    return report.verdict(results, options.skips, say)


sys.exit(main())
