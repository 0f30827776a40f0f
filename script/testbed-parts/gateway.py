"""The testbed's gateway: its configuration, its process, and the environment its users need."""

import http.client
import json
import os
import pathlib
import shlex
import signal
import socket
import subprocess
import urllib.error
import urllib.request

import processes
import servers
from state import REPOSITORY, Failure

REGION = "eu-west-1"
READY_TIMEOUT = 30
STOP_PATIENCE = 10

# The names under which the gateway's configuration takes its passwords; `env` exports them, so that
# `domicile check --config "$DOMICILE_CONFIG"` works in a shell.
PASSWORDS = {
    "DOMICILE_PASSWORD_ANALYST": "analyst", "DOMICILE_PASSWORD_TESTER": "tester",
    "DOMICILE_PASSWORD_HEALTH": "health",
}

CONFIGURATION = """\
# Written by script/testbed.
region: eu-west-1
gateway: testbed-eu-west-1
state: state
listen:
{listeners}
admin:
  address: 127.0.0.1:{admin}
  socket: {admin_socket}
issuers:
  - issuer: {issuer}
    audience: [domicile]
    algorithms: [RS256, ES256, EdDSA]
    claims: {{ subject: sub, planner: planner, task: task_id, groups: groups }}
  - issuer: {issuer2}
    audience: [domicile]
    algorithms: [RS256, ES256, EdDSA]
    claims: {{ subject: sub, planner: azp, task: task_id, groups: groups }}
regions:
  eu-west-1:    {{ jurisdiction: EU, audit: audit/eu-west-1, networks: [127.0.0.0/8] }}
  eu-central-1: {{ jurisdiction: EU, audit: audit/eu-central-1, networks: [127.0.0.0/8] }}
  us-east-1:    {{ jurisdiction: US, audit: audit/us-east-1, networks: [127.0.0.0/8] }}
databases:
  orders:
    replicas:
{orders}
    upstream:
      sslmode: verify-full
      sslrootcert: certificates/upstream-ca.crt
      upstream_ca: {{ certificate: certificates/role-ca.crt, key: certificates/role-ca.key }}
      roles:
        analyst: {{ password: "${{DOMICILE_PASSWORD_ANALYST}}" }}
        writer:  {{ certificate: minted }}
  scratch:
    replicas:
{scratch}
    upstream:
      sslmode: verify-full
      sslrootcert: certificates/upstream-ca.crt
      upstream_ca: {{ certificate: certificates/role-ca.crt, key: certificates/role-ca.key }}
      roles:
        tester: {{ password: "${{DOMICILE_PASSWORD_TESTER}}" }}
        writer: {{ certificate: minted }}
health:
  interval: 500ms
  timeout: 1s
  user: domicile_health
  password: "${{DOMICILE_PASSWORD_HEALTH}}"
  fall: 2
  rise: 1
audit:
  durability: acknowledged
  origin: testbed.example/audit
  key: audit.key
  capture: {{ parameters: hash, literals: keep }}
session:
  shutdown_timeout: 5s
limits:
  log_bytes_per_second_per_subject: 1GiB
  sessions_per_subject: 5000
  logins_per_second_per_address: 5000
  logins_per_second_per_subject: 5000
  failure_delay: 0
rules:
  - name: eu-analysts
    who: {{ issuer: {issuers}, groups: [eu-analysts] }}
    databases: [orders]
    regions: [EU]
    roles: [analyst]
    access: read_only
  - name: eu-writers
    who: {{ issuer: {issuers}, groups: [eu-writers] }}
    databases: [orders, scratch]
    regions: [EU]
    roles: [writer]
    access: read_write
    replicates: allow
  - name: us-analysts
    who: {{ issuer: {issuers}, groups: [us-analysts] }}
    databases: [orders]
    regions: [us-east-1]
    roles: [analyst]
    access: read_only
    transit: [eu-west-1]
  - name: conformance
    who: {{ issuer: {issuers}, groups: [conformance] }}
    databases: [scratch]
    regions: [eu-west-1]
    roles: [tester]
    access: read_write
    replicates: allow
operators:
  - who: {{ issuer: {issuers}, groups: [dba] }}
    may: [read, kill, revoke, reload]
"""


def binary():
    return pathlib.Path(os.environ.get("DOMICILE_BIN") or REPOSITORY / ".build/release/domicile").absolute()


def insist_on_binary():
    program = binary()
    if not os.access(program, os.X_OK):
        raise Failure(f"there is no gateway at {program}: build it with script/build, or set DOMICILE_BIN")
    return program


def has_ipv6_loopback():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
        return True
    except OSError:
        return False


def socket_path(testbed):
    return testbed.run / f".s.PGSQL.{testbed.port('gateway')}"


def replicas(testbed, database):
    lines = []
    for name in servers.ALL:
        kind = "primary" if name == servers.PRIMARY else "standby"
        lag = ", max_lag: 10s" if name == "orders-eu-b" else ""
        lines.append(
            f"      - {{ name: {name.replace('orders', database)}, region: {servers.REGIONS[name]}, kind: {kind}, host: 127.0.0.1, "
            f"port: {testbed.port(name)}, dbname: {database}{lag}, attest: {{ cluster_name: {name} }} }}")
    return "\n".join(lines)


def write_configuration(testbed):
    port = testbed.port("gateway")
    tls = "tls: { certificate: certificates/gateway.crt, key: certificates/gateway.key }"
    addresses = ["127.0.0.1"] + (["[::1]"] if has_ipv6_loopback() else [])
    listeners = [f'  - address: "{address}:{port}"\n    {tls}' for address in addresses]
    # A JSON string is a YAML double-quoted one.
    listeners.append(f"  - unix: {json.dumps(str(socket_path(testbed)))}")
    text = CONFIGURATION.format(
        listeners="\n".join(listeners), admin=testbed.port("admin"),
        admin_socket=json.dumps(str(testbed.run / "admin.sock")), issuer=testbed.issuer, issuer2=testbed.issuer2,
        issuers=f'["{testbed.issuer}", "{testbed.issuer2}"]', orders=replicas(testbed, "orders"),
        scratch=replicas(testbed, "scratch"))
    configuration_file(testbed).write_text(text)


def configuration_file(testbed):
    return testbed.folder / "domicile.yaml"


def readiness(testbed):
    """What /readyz says: its status, or None where nothing answers; and its body."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://127.0.0.1:{testbed.port('admin')}/readyz", timeout=2) as answer:
            return answer.status, answer.read().decode(errors="replace")
    except urllib.error.HTTPError as problem:
        return problem.code, problem.read().decode(errors="replace")
    except (urllib.error.URLError, ConnectionError, http.client.HTTPException, TimeoutError):
        return None, ""


def is_ready(testbed):
    return testbed.pid("gateway") is not None and readiness(testbed)[0] == 200


def start(testbed):
    """Starts the gateway where it does not run, or where an older build of it does; whether it did."""
    program = insist_on_binary()
    build = f"{program} {program.stat().st_mtime_ns}"
    if is_ready(testbed) and testbed.record.get("build") == build:
        return False
    stop(testbed)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    environment.update({name: testbed.secret(secret) for name, secret in PASSWORDS.items()})
    made = subprocess.run([program, "audit", "init", "--config", configuration_file(testbed)], env=environment,
                          capture_output=True, text=True)
    if made.returncode != 0:
        raise Failure(f"domicile audit init: {made.stderr.strip()}")
    process = testbed.start(
        "gateway", [program, "serve", "--config", configuration_file(testbed)], environment)
    testbed.record["binary"] = str(program)
    testbed.record["build"] = build
    testbed.save()
    processes.wait_until(lambda: process.poll() is not None or readiness(testbed)[0] == 200, READY_TIMEOUT)
    if process.poll() is not None:
        raise Failure(f"the gateway ended with status {process.returncode}", testbed.log("gateway"))
    status, body = readiness(testbed)
    if status != 200:
        raise Failure(f"the gateway is not ready after {READY_TIMEOUT} s: /readyz says {status} {body.strip()}",
                      testbed.log("gateway"))
    return True


def stop(testbed, at_once=False, patience=STOP_PATIENCE):
    testbed.stop("gateway", signal.SIGKILL if at_once else signal.SIGTERM, patience)


def variables(testbed):
    """Names and values of `script/testbed env`."""
    tokens = testbed.record["tokens"]
    values = {
        "DOMICILE_HOST": "127.0.0.1",
        "DOMICILE_PORT": testbed.port("gateway"),
        "DOMICILE_CA": testbed.certificates / "gateway-ca.crt",
        "DOMICILE_ADMIN": f"127.0.0.1:{testbed.port('admin')}",
        "DOMICILE_ADMIN_SOCKET": testbed.run / "admin.sock",
        "DOMICILE_SOCKET": socket_path(testbed),
        "DOMICILE_CONFIG": configuration_file(testbed),
        "DOMICILE_AUDIT": testbed.folder / "audit",
        "DOMICILE_LOG": testbed.log("gateway"),
        "DOMICILE_BIN": testbed.record.get("binary") or binary(),
        "DOMICILE_PID": testbed.pid("gateway") or "",
        "DOMICILE_ISSUER": testbed.issuer,
        "DOMICILE_ISSUER2": testbed.issuer2,
        "DOMICILE_ISSUER_SECRET": testbed.secret("issuer_client"),
        "DOMICILE_TESTBED": testbed.folder,
        "DOMICILE_TESTBED_DIR": testbed.folder,
        "DOMICILE_UPSTREAM_CA": testbed.certificates / "upstream-ca.crt",
        "DOMICILE_ROLE_CA": testbed.certificates / "role-ca.crt",
        "DOMICILE_ROLE_CA_KEY": testbed.certificates / "role-ca.key",
        "DOMICILE_CERTIFICATE_WRITER": testbed.certificates / "writer.crt",
        "DOMICILE_CERTIFICATE_WRITER_KEY": testbed.certificates / "writer.key",
    }
    for name in servers.ALL:
        suffix = name.removeprefix("orders-").replace("-", "_").upper()
        values[f"DIRECT_DSN_{suffix}"] = (
            servers.connection(testbed, name) + f" password={testbed.secret('superuser')}")
        values[f"DIRECT_PORT_{suffix}"] = testbed.port(name)
    for name, secret in PASSWORDS.items():
        values[name] = testbed.secret(secret)
    for name, token in tokens.items():
        values[f"DOMICILE_TOKEN_{name.replace('-', '_').upper()}"] = token
    return values


def print_environment(testbed):
    for name, value in variables(testbed).items():
        print(f"export {name}={shlex.quote(str(value))}")
