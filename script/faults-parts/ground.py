"""What the faults happen to: a testbed's servers and issuer, and a gateway with a configuration of its own."""

import base64
import concurrent.futures
import hashlib
import os
import pathlib
import shutil
import signal
import sys
import tempfile
import time

import certificates
import gateway
import processes
import servers
import tokens
import witness
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from state import REPOSITORY, Failure, Testbed

INTERVAL, TIMEOUT, FALL, RISE = 0.5, 1.0, 2, 1
# A replica of `ledger` that lags more is passed over.
MAX_LAG = 2.0
# Where the servers that do not belong there are made before they are put in another's place.
SPARE_PORTS = {"stranger": 4, "orders-us-b": 5}
# Of the database's own servers, by the place in the configuration.
REGIONS = servers.REGIONS
PRIMARY, CENTRAL, AMERICAN = servers.PRIMARY, "orders-eu-b", "orders-us-a"
SETTINGS = "max_connections = 60\n" + witness.SETTINGS

CONFIGURATION = """\
# Written by script/faults routing.
region: eu-west-1
gateway: faults-eu-west-1
state: state
listen:
  - address: "127.0.0.1:{port}"
    tls: {{ certificate: certificates/gateway.crt, key: certificates/gateway.key }}
admin: {{ address: "127.0.0.1:{admin}", socket: "{folder}/admin.sock" }}
issuers:
  - issuer: {issuer}
    audience: [domicile]
    claims: {{ subject: sub, planner: azp, task: task_id, groups: groups }}
regions:
  eu-west-1:    {{ jurisdiction: EU, audit: audit/eu-west-1, networks: [127.0.0.0/8] }}
  eu-central-1: {{ jurisdiction: EU, audit: audit/eu-central-1, networks: [127.0.0.0/8] }}
  us-east-1:    {{ jurisdiction: US, audit: audit/us-east-1, networks: [127.0.0.0/8] }}
databases:
{databases}
health: {{ interval: 500ms, timeout: 1s, fall: 2, rise: 1, user: domicile_health, password: "${{DOMICILE_PASSWORD_HEALTH}}" }}
audit: {{ origin: faults.example/audit, key: audit.key }}
limits: {{ log_bytes_per_second_per_subject: 1GiB, logins_per_second_per_address: 5000, logins_per_second_per_subject: 5000, failure_delay: 0 }}
rules:
  - {{ name: eu-analysts, who: {{ groups: [eu-analysts] }}, databases: [orders, ledger], regions: [EU], roles: [analyst], access: read_only }}
  - {{ name: eu-writers, who: {{ groups: [eu-writers] }}, databases: [orders, ledger], regions: [EU], roles: [writer], access: read_write, replicates: allow }}
  - {{ name: us-analysts, who: {{ groups: [us-analysts] }}, databases: [orders, ledger], regions: [us-east-1], roles: [analyst], access: read_only, transit: [eu-west-1] }}
"""
UPSTREAM = """\
    upstream:
      sslmode: verify-full
      sslrootcert: certificates/upstream-ca.crt
{revocations}      upstream_ca: {{ certificate: certificates/role-ca.crt, key: certificates/role-ca.key }}
      roles:
        analyst: {{ password: "${{DOMICILE_PASSWORD_ANALYST}}" }}
        writer:  {{ certificate: minted }}
"""


def say(text):
    print(f"faults: {text}", file=sys.stderr, flush=True)


class Ground:
    """Everything of one run. `close` ends and removes all of it."""

    def __init__(self, binary):
        os.environ.setdefault("DOMICILE_TESTBED_PORT", "9500")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="domicile-faults."))
        self.folder.chmod(0o711)
        self.binary = self.folder / "domicile"
        self.original = binary
        self.testbed = Testbed(self.folder)
        self.authority = None
        self.has_revocations = False
        self.has_clear = False
        self.witness = witness.Witness()

    def open(self):
        # A copy: a build that happens meanwhile must not change what runs.
        shutil.copy2(self.original, self.binary)
        os.environ["DOMICILE_BIN"] = str(self.binary)
        self.testbed.lock(make=True)
        self.testbed.create()
        self.testbed.record["settings"] = SETTINGS
        for name, offset in SPARE_PORTS.items():
            self.testbed.move(name, self.testbed.record["base"] + offset)
        self.authority = certificates.make(self.testbed)
        _, reference = processes.run([self.binary, "check", "--print-reference"], processes.plain_environment())
        self.has_revocations = "sslcrl" in reference
        if self.has_revocations:
            self.revoke()
        _, commands = processes.run([self.binary, "--help"], processes.plain_environment())
        self.has_clear = "\n  replica " in commands
        self.configure()
        with concurrent.futures.ThreadPoolExecutor() as pool:
            jobs = [pool.submit(servers.make, self.testbed), pool.submit(tokens.start_issuer, self.testbed),
                    pool.submit(self.make_stranger)]
            for job in jobs:
                job.result()
        gateway.start(self.testbed)
        for name, region in REGIONS.items():
            self.witness.add(name, witness.Server(self.testbed.log(name), region))
        self.witness.add("stranger", witness.Server(self.testbed.log("stranger"), None, has_copied_key=True))
        self.witness.add("orders-us-b", witness.Server(self.testbed.log("orders-us-b"), "us-east-1", has_copied_key=True))

    def make_stranger(self):
        """A server of another cluster with the same roles, by the names and the key of the EU standby."""
        servers.initialise(self.testbed, "stranger", cluster_name=CENTRAL, certificate=CENTRAL)
        servers.stop(self.testbed, "stranger")

    def close(self, keep=False):
        if self.testbed.record is None:
            shutil.rmtree(self.folder, ignore_errors=True)
            return
        gateway.stop(self.testbed, patience=5)
        for name in (*servers.ALL, *SPARE_PORTS):
            servers.stop(self.testbed, name, "immediate")
        tokens.stop_issuer(self.testbed)
        if keep:
            say(f"logs and data are in {self.folder} and {self.testbed.data}")
        else:
            self.testbed.remove()

    # The gateway.

    def configure(self):
        revocations = "      sslcrl: certificates/revoked.pem\n" if self.has_revocations else ""
        databases = "".join(
            f"  {database}:\n    replicas:\n" + "".join(self.replica(database, name) for name in servers.ALL)
            + UPSTREAM.format(revocations=revocations) for database in ("orders", "ledger"))
        gateway.configuration_file(self.testbed).write_text(CONFIGURATION.format(
            port=self.testbed.port("gateway"), admin=self.testbed.port("admin"), folder=self.testbed.run,
            issuer=self.testbed.issuer2, databases=databases.rstrip("\n")))

    def replica(self, database, name):
        """Of `orders` each server is what it is configured as; of `ledger` it is what its recovery state says."""
        kind = "auto" if database == "ledger" else "primary" if name == PRIMARY else "standby"
        lag = f", max_lag: {MAX_LAG:.0f}s" if (database, name) == ("ledger", CENTRAL) else ""
        return (f"      - {{ name: {name.replace('orders', database)}, region: {REGIONS[name]}, kind: {kind}, "
                f"host: 127.0.0.1, port: {self.testbed.port(name)}, dbname: orders{lag}, "
                f"attest: {{ cluster_name: {name}, tls_spki: \"{self.pin(name)}\" }} }}\n")

    def certificate(self, name):
        return x509.load_pem_x509_certificate((self.testbed.certificates / f"{name}.crt").read_bytes())

    def pin(self, name):
        key = self.certificate(name).public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        return "sha256/" + base64.b64encode(hashlib.sha256(key).digest()).decode()

    def revoke(self, *names):
        """The list of revoked certificates holds those of these servers."""
        certificates.write(self.testbed.certificates / "revoked.pem",
                           self.authority.revocations(*(self.certificate(name) for name in names)))

    def reload(self, watch):
        """SIGHUP, which lifts every quarantine too; returns once it is in force."""
        before = watch.last.reloads
        os.kill(self.testbed.pid("gateway"), signal.SIGHUP)
        if not processes.wait_until(lambda: watch.last.reloads > before, 10):
            raise Failure("the gateway does not take its configuration over", self.testbed.log("gateway"))

    def lift(self, watch):
        """Ends every quarantine, as an operator does: by name, or by a reload where this gateway has no command for it."""
        if not self.has_clear:
            self.reload(watch)
            return
        for name in watch.last.quarantined():
            status, output = processes.run(
                [self.binary, "replica", "clear", name, "--reason", "mended", "--socket", self.testbed.run / "admin.sock"],
                processes.plain_environment())
            if status != 0:
                raise Failure(f"domicile replica clear {name}:\n{output}", self.testbed.log("gateway"))

    def token(self, persona):
        # Any change has the tests' own issuer sign it.
        return tokens.make(self.testbed, persona, overrides=[("exp", "+7200")])

    # The servers.

    def pid(self, name):
        pid = self.testbed.pid(name)
        if pid is None:
            raise Failure(f"{name} does not run", self.testbed.log(name))
        return pid

    def start(self, name):
        servers.start(self.testbed, name)

    def stop(self, name):
        servers.stop(self.testbed, name)

    def sql(self, name, text):
        return servers.psql(self.testbed, name, text)

    def place(self, places):
        """Stops servers, gives each another's port, and starts them there; None: its own. Others are left alone."""
        for name in places:
            self.stop(name)
        for name, port in places.items():
            self.testbed.move(name, port)
        for name in places:
            servers.configure(self.testbed, name)
            self.start(name)

    def restore(self, *standbys):
        """After a promotion: the primary runs, and these standbys are made anew from it."""
        for name in standbys:
            servers.stop(self.testbed, name, "immediate")
        self.start(PRIMARY)
        for name in standbys:
            servers.rebuild(self.testbed, name)

    def executor_past_the_gateway(self, name, application, sql):
        """An executor's role, straight at a server: what the gateway must never do."""
        environment = dict(servers.client_environment(self.testbed, "analyst"), PGAPPNAME=application)
        status, output = processes.run(
            ["psql", "-X", "-q", "-A", "-t", "-c", sql, "-d", servers.connection(self.testbed, name, "analyst")], environment)
        if status != 0:
            raise Failure(f"psql at {name} failed:\n{output}")


def binary_of(option):
    program = option or pathlib.Path(os.environ.get("DOMICILE_BIN") or REPOSITORY / ".build/release/domicile")
    if not os.access(program, os.X_OK):
        raise Failure(f"there is no gateway at {program}: build it with script/build, or say --binary")
    return program


def now():
    return time.monotonic()
