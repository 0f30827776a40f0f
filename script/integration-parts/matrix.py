"""Runs each driver's programme direct, through the gateway, and so with a recorder between; finds what differs."""

import base64
import json
import os
import pathlib
import re
import subprocess

import answers
import installation
import programmes
import records
import recorder

PROGRAMME_SECONDS = 90
LOG_SECONDS = 10
RULE = "conformance"
MOST_LINES = 12
TESTBED = pathlib.Path(__file__).resolve().parent.parent / "testbed"

# What a programme must find in the database besides what it makes itself: the tools need something that lasts.
FIXTURE = """\
DROP SCHEMA IF EXISTS drivers CASCADE;
CREATE SCHEMA drivers;
CREATE TABLE drivers.parts (id int PRIMARY KEY, label text NOT NULL, price numeric(8, 2));
INSERT INTO drivers.parts SELECT i, 'part ' || i, i / 4.0 FROM generate_series(1, 500) i;
CREATE INDEX parts_label ON drivers.parts (label);
ALTER TABLE drivers.parts CLUSTER ON parts_label;
CREATE VIEW drivers.dear AS SELECT * FROM drivers.parts WHERE price > 100;
CREATE FUNCTION drivers.twice(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n * 2';
COMMENT ON TABLE drivers.parts IS 'what the tools look at';
"""


class Failure(Exception):
    """Something a person must see."""


class Result:
    """What came of one driver. `steps` are (name, outcome, value) of the run through the gateway."""

    def __init__(self, driver):
        self.driver = driver
        self.version = ""
        self.missing = None
        self.steps = []
        self.direct = []
        self.differences = []
        self.log_problems = []
        self.answer_problems = []
        self.frames = 0
        self.sessions = 0
        self.records = 0

    @property
    def is_good(self):
        return not (self.missing or self.differences or self.log_problems or self.answer_problems)

    def outcome(self, name):
        return next((step for step in self.steps if step[0] == name), None)

    def as_json(self):
        return {"driver": self.driver.name, "version": self.version, "skipped": self.missing,
                "steps": [dict(zip(("step", "outcome", "value"), step)) for step in self.steps],
                "differences": self.differences, "log": self.log_problems, "answers": self.answer_problems,
                "frames": self.frames, "sessions": self.sessions, "records": self.records}


def run_all(drivers, here, variables, say):
    direct = direct_environment(variables)
    folder = pathlib.Path(variables["DOMICILE_TESTBED"])
    stand_in = recorder.Recorder(("127.0.0.1", int(variables["DIRECT_PORT_EU_A"])),
                                 folder / "certificates/orders-eu-a.crt", folder / "certificates/orders-eu-a.key",
                                 variables["DOMICILE_UPSTREAM_CA"])
    log = records.Log(pathlib.Path(variables["DOMICILE_AUDIT"]))
    results = []
    # pg_dump reads the catalogs' sizes, which must be the same in all runs.
    sql(direct, "ALTER SYSTEM SET autovacuum = off;\nSELECT pg_reload_conf();")
    try:
        for driver in drivers:
            result = Result(driver)
            results.append(result)
            try:
                command = here.prepare(driver)
            except installation.Missing as problem:
                result.missing = str(problem)
                say(f"SKIPPED {driver.name}: {problem}")
                continue
            run_one(result, command, here, variables, direct, stand_in, log)
            say(f"{driver.name:<24} {'ok' if result.is_good else 'FAILED'}  {result.version}")
            problems = [*result.differences, *result.log_problems, *result.answer_problems]
            for text in problems[:MOST_LINES] + ["… and more: --json has all"] * (len(problems) > MOST_LINES):
                say(f"    {text}")
    finally:
        stand_in.close()
        sql(direct, "ALTER SYSTEM RESET autovacuum;\nSELECT pg_reload_conf();")
    return results


def run_one(result, command, here, variables, direct, stand_in, log):
    more = {**here.environment(result.driver), "PYTHONDONTWRITEBYTECODE": "1",
            "BEARER_ISSUER": variables["DOMICILE_ISSUER"]}
    sql(direct, FIXTURE)
    stand_in.take()
    result.direct = run(command, {**direct, **more, "PGPORT": str(stand_in.port)}, result, "direct")
    traces = stand_in.take()
    log.skip()
    result.steps = run(command, {**gateway_environment(variables), **more}, result, "through the gateway")
    check_log(result, traces, log, variables, exact=False)
    if result.driver.version_of:
        result.version = installation.version_of(result.driver.version_of)
    compare_steps(result)
    run_recorded(result, command, more, variables, traces, log)


def run_recorded(result, command, more, variables, direct_traces, log):
    """Once more through the gateway with the recorder in front of it: is every frame the server's own, and does the log
    say exactly what was sent?"""
    folder = pathlib.Path(variables["DOMICILE_TESTBED"])
    stand_in = recorder.Recorder((variables["DOMICILE_HOST"], int(variables["DOMICILE_PORT"])),
                                 folder / "certificates/gateway.crt", folder / "certificates/gateway.key",
                                 variables["DOMICILE_CA"])
    log.skip()
    try:
        run(command, {**gateway_environment(variables), **more, "PGPORT": str(stand_in.port)}, result, "recorded")
        traces = [trace for trace in stand_in.take() if trace.is_ready or not asks_for_token(result.driver)]
    finally:
        stand_in.close()
    comparison = check_log(result, traces, log, variables, exact=True)
    if not result.log_problems:
        result.log_problems = [f"the check of the log does not notice: {text}" for text in comparison.unnoticed()]
    result.answer_problems = list(answers.differences(direct_traces, traces))
    result.frames = sum(side == "B" for trace in traces for side, _, _ in trace.events)


def check_log(result, traces, log, variables, exact):
    sessions, others = log.sessions(len(traces), LOG_SECONDS)
    result.sessions += len(sessions)
    result.records += sum(map(len, sessions))
    comparison = records.Comparison(traces, sessions, identity_of(variables), exact)
    result.log_problems += comparison.problems
    if asks_for_token(result.driver):
        asked = [record for record in others if "where tokens come from" in record.get("reason", "")]
        if not asked:
            result.log_problems.append("nothing is recorded of the connection that asked where tokens come from")
        others = [record for record in others if record not in asked]
    result.log_problems += [f"a record of no session: {records.brief(record)}" for record in others]
    return comparison


def asks_for_token(driver):
    """Logs in by OAUTHBEARER, and so first connects for the issuer's name alone."""
    return "BEARER" in driver.environment


def compare_steps(result):
    there = {name: (outcome, value) for name, outcome, value in result.direct}
    wanted = {} if result.driver.is_tool else programmes.STEPS
    for name, outcome, value in result.steps:
        if there.get(name) != (outcome, value):
            result.differences.append(f"{name}: {outcome} {value}, direct: {' '.join(there.get(name, ['nothing']))}")
        elif outcome == "failed":
            result.differences.append(f"{name}: failed, direct too: {value}")
        elif outcome == "ok" and wanted.get(name, value) != value:
            result.differences.append(f"{name}: gives {value}, expected {wanted[name]}")
    for name in [*wanted, *there]:
        if result.outcome(name) is None and not any(text.startswith(f"{name}:") for text in result.differences):
            result.differences.append(f"{name}: nothing was said, direct: {' '.join(there.get(name, ['nothing']))}")


def run(command, environment, result, which):
    """The lines of a programme: (step, outcome, value)."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "DOMICILE_"))}
    process = subprocess.Popen(command, env={**plain, **environment}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, start_new_session=True)
    try:
        output, errors = process.communicate(timeout=PROGRAMME_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        output, errors = process.communicate()
        result.differences.append(f"{which}: did not end within {PROGRAMME_SECONDS} s")
    steps = []
    for line in output.decode(errors="replace").splitlines():
        name, outcome, value = [*line.split("\t"), "", ""][:3]
        if name == "version":
            result.version = value
        elif outcome in ("ok", "failed", "not offered"):
            steps.append((name, outcome, value))
    if process.returncode:
        last = errors.decode(errors="replace").strip().splitlines()[-3:]
        result.differences.append(f"{which}: ended with status {process.returncode}: {' / '.join(last)}")
    return steps


def token_of(length, variables):
    """A token of about `length` bytes: drivers must be shown what is usual, and the longest that they pass."""
    def mint(*claims):
        done = subprocess.run([TESTBED, "token", "conformance", *claims], text=True, capture_output=True, check=False,
                              env={**os.environ, "DOMICILE_TESTBED_DIR": variables["DOMICILE_TESTBED"]})
        if done.returncode:
            raise Failure(f"script/testbed token failed: {done.stderr.strip()}")
        return done.stdout.strip()

    lacking = length - len(mint("filling="))
    return mint("filling=" + "x" * (lacking * 3 // 4)) if lacking > 0 else mint()


def identity_of(variables):
    """What every record of the run must say of who asked, out of the token itself."""
    payload = variables["token"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return {"issuer": claims["iss"], "subject": claims["sub"], "planner": claims.get("planner") or claims.get("azp"),
            "task": claims.get("task_id"), "token_id": claims.get("jti"), "database": "scratch", "role": "tester", "replica": "scratch-eu-a",
            "region": "eu-west-1", "rule": RULE}


def gateway_environment(variables):
    return environment(variables["DOMICILE_HOST"], variables["DOMICILE_PORT"], variables["DOMICILE_CA"],
                       variables["token"])


def direct_environment(variables):
    return environment("127.0.0.1", variables["DIRECT_PORT_EU_A"], variables["DOMICILE_UPSTREAM_CA"],
                       variables["DOMICILE_PASSWORD_TESTER"])


def environment(host, port, ca, password):
    return {"PGHOST": host, "PGPORT": str(port), "PGDATABASE": "scratch", "PGUSER": "tester", "PGPASSWORD": password,
            "PGSSLMODE": "verify-full", "PGSSLROOTCERT": str(ca), "PGCONNECT_TIMEOUT": "20", "LC_ALL": "C.UTF-8",
            "TZ": "UTC"}


def sql(direct, text):
    done = subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", "-"], input=text, text=True,
                          env={**os.environ, **direct, "PGOPTIONS": "-c client_min_messages=warning"},
                          capture_output=True, check=False)
    if done.returncode:
        raise Failure(f"the database cannot be prepared: {done.stderr.strip()}")


def server_version(variables):
    done = subprocess.run(["psql", "-X", "-A", "-t", "-c", "SHOW server_version"], text=True, capture_output=True,
                          env={**os.environ, **direct_environment(variables)}, check=False)
    return re.sub(r" .*", "", done.stdout.strip())
