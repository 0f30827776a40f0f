"""The testbed's tokens: honest ones from the real issuer, all others from the tests' own."""

import base64
import json
import re
import signal
import sys
import time
import urllib.error
import urllib.request

import glewlwyd
import processes
from state import REPOSITORY, Failure

ISSUER_PROGRAM = REPOSITORY / "Tests/TestSupport/issuer/issuer.py"
START_TIMEOUT = 20
LIFETIME_SECONDS = 14 * 3600
# Tokens with less than this left are made anew by `up`.
LEAST_LIFETIME_SECONDS = 12 * 3600 + 600
AUDIENCE = "domicile"

# Who there is at both issuers.
PERSONAS = {
    "eu-analyst": {"groups": ["eu-analysts"], "planner": "quarterly-report", "task_id": "task-eu-analyst"},
    "eu-writer": {"groups": ["eu-writers"], "planner": "order-intake", "task_id": "task-eu-writer"},
    "us-analyst": {"groups": ["us-analysts"], "planner": "quarterly-report", "task_id": "task-us-analyst"},
    "conformance": {"groups": ["conformance"], "planner": "conformance", "task_id": "task-conformance"},
    "operator": {"groups": ["dba"], "planner": "operations", "task_id": "task-operator"},
}
# What no honest issuer signs: a persona with some claims changed.
DISHONEST = {
    "expired": ("eu-analyst", {"iat": "-7200", "nbf": "-7200", "exp": "-3600"}),
    "wrong-audience": ("eu-analyst", {"aud": ["somewhere-else"]}),
}
NAMES = (*PERSONAS, *DISHONEST)


def start_issuer(testbed):
    if testbed.pid("issuer2") is not None and is_up(testbed):
        return False
    process = testbed.start("issuer2", [
        "/usr/bin/python3", ISSUER_PROGRAM, "serve", "--state", testbed.folder / "issuer2",
        "--port", testbed.port("issuer2"), "--issuer", testbed.issuer2], processes.plain_environment())
    ready = processes.wait_until(lambda: is_up(testbed) or process.poll() is not None, START_TIMEOUT)
    if not ready or process.poll() is not None:
        raise Failure("the tests' own issuer did not start", testbed.log("issuer2"))
    return True


def stop_issuer(testbed):
    testbed.stop("issuer2", signal.SIGTERM, 3)


def is_up(testbed):
    try:
        request(testbed, "/requests")
        return True
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def request(testbed, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(urllib.request.Request(testbed.issuer2 + path, data=data), timeout=10) as answer:
        return json.loads(answer.read())


def claims_of(token):
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def make_all(testbed):
    for name in NAMES:
        testbed.record["tokens"][name] = make(testbed, name)
    testbed.save()


def refresh(testbed):
    """Makes the tokens anew where an honest one is missing or has too little time left."""
    known = testbed.record["tokens"]
    ends = [claims_of(known[name])["exp"] if name in known else 0 for name in PERSONAS]
    if all(name in known for name in NAMES) and min(ends) - time.time() >= LEAST_LIFETIME_SECONDS:
        return False
    make_all(testbed)
    return True


def make(testbed, name, overrides=(), without=(), headers=None, signature="honest", key=None):
    """A token of that name. Without changes it is the real issuer's; with any it is the tests' issuer's."""
    if name not in NAMES:
        raise Failure(f"there is no token {name}: expected one of {', '.join(NAMES)}")
    changed = bool(overrides) or bool(without) or bool(headers) or signature != "honest" or key is not None
    if name in PERSONAS and not changed:
        return checked(name, glewlwyd.id_token(testbed, name))
    persona_name, changes = DISHONEST.get(name, (name, {}))
    persona = PERSONAS[persona_name]
    claims = {
        "sub": persona_name, "aud": [AUDIENCE], "azp": persona["planner"], "task_id": persona["task_id"],
        "groups": persona["groups"], "iat": "+0", "nbf": "+0", "exp": f"+{LIFETIME_SECONDS}", **changes,
        **dict(overrides)}
    for claim in ("iat", "nbf", "exp"):
        claims[claim] = point_in_time(claims[claim])
    body = {"claims": claims, "without": list(without), "header": headers or {}, "signature": signature}
    if key is not None:
        body["key"] = key
    try:
        return request(testbed, "/mint", body)["token"]
    except urllib.error.HTTPError as problem:
        raise Failure(f"the tests' issuer: {json.loads(problem.read())['error']}") from problem


def checked(name, token):
    claims = claims_of(token)
    problems = []
    if claims.get("groups") != PERSONAS[name]["groups"]:
        problems.append(f"groups {claims.get('groups')}")
    if claims.get("aud") != AUDIENCE:
        problems.append(f"aud {claims.get('aud')}")
    if claims.get("exp", 0) - time.time() < LEAST_LIFETIME_SECONDS:
        problems.append(f"exp {claims.get('exp')}")
    if problems:
        raise Failure(f"the issuer's token for {name} is not as expected: {'; '.join(problems)}")
    return token


def point_in_time(value):
    """`+5` and `-5` are seconds from now; anything else is the claim's value as it is."""
    if isinstance(value, str) and re.fullmatch(r"[+-]\d+", value):
        return int(time.time()) + int(value)
    return value


def parsed(argument):
    """`claim=value`; a value that is JSON is taken as JSON, except times relative to now."""
    name, equals, value = argument.partition("=")
    if not equals or not name:
        raise Failure(f"{argument}: expected claim=value")
    if name in ("iat", "nbf", "exp") and re.fullmatch(r"[+-]\d+", value):
        return name, value
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def command(testbed, options):
    """`script/testbed token`."""
    headers = dict(parsed(entry) for entry in options.header)
    overrides = [parsed(entry) for entry in options.claims]
    sys.stdout.write(make(testbed, options.name, overrides, options.without, headers,
                          options.signature, options.key) + "\n")
