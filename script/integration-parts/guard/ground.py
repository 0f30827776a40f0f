"""Two PostgreSQL servers that know nothing of each other, a gateway before the first, and eyes on the second."""

import concurrent.futures
import getpass
import json
import os
import pathlib
import shutil
import sys
import tempfile

import certificates
import corpus
import gateway
import servers
import session
import tokens
from state import REPOSITORY, Failure, Testbed

# The server in the gateway's region, and the one that stands for another region: no replica of anything.
NEAR, FAR = "orders-eu-a", "orders-us-a"
USER, PEER = "tester", "peer"
BASES = (8700, 18700, 19700)
# What the gateway serves: a database for each protocol, so that no case finds what the same case left behind.
SERVED = {"simple": "served_simple", "extended": "served_extended"}
# Empty, for statements that nobody wrote for this.
WILD = "wild"
TEMPLATE, DIRECT, TWINS = "corpus", "direct", {"simple": "twin_simple", "extended": "twin_extended"}
FREE = corpus.rule_name("read_write", [])
SETTINGS = """\
unix_socket_directories = '{sockets}'
wal_level = logical
autovacuum = off
log_connections = on
log_min_messages = log
log_min_error_statement = panic
max_worker_processes = 16
"""
# The operating system's user is let in as a superuser at the socket; the far end lets `peer` in without a password.
ACCESS = {NEAR: "local all all peer map=corpus\n", FAR: "local all all peer map=corpus\nhost peer peer 127.0.0.1/32 trust\n"}
PEER_ROWS = "INSERT INTO secret VALUES (1, 'CANARY-PEER'), (2, 'CANARY-PEER too');"
PEER_SQL = f"""\
CREATE TABLE secret (id int, note text);
CREATE TABLE sink (note text);
ALTER TABLE secret OWNER TO peer;
ALTER TABLE sink OWNER TO peer;
ALTER TABLE secret REPLICA IDENTITY FULL;
CREATE PUBLICATION outp FOR TABLE secret;
{PEER_ROWS}
"""

CONFIGURATION = """\
# Written by script/integration guard.
region: eu-west-1
gateway: guard-eu-west-1
state: state
listen:
  - unix: {listener}
admin: {{ address: "127.0.0.1:{admin}", socket: {admin_socket} }}
issuers:
  - issuer: {issuer}
    audience: [domicile]
    claims: {{ subject: sub, planner: azp, task: task_id, groups: groups }}
regions:
  eu-west-1: {{ jurisdiction: EU, audit: audit/eu-west-1, networks: [127.0.0.0/8] }}
databases:
{databases}
health: {{ interval: 500ms, timeout: 1s, fall: 2, rise: 1, catalog_interval: 2s, user: domicile_health, password: "${{DOMICILE_PASSWORD_HEALTH}}" }}
audit: {{ origin: guard.example/audit, key: audit.key }}
limits: {{ log_bytes_per_second_per_subject: 1GiB, sessions_per_subject: 100, logins_per_second_per_address: 5000, logins_per_second_per_subject: 5000, failure_delay: 0 }}
rules:
{rules}
"""
DATABASE = """\
  {name}:
    replicas:
      - {{ name: {name}, region: eu-west-1, kind: primary, host: 127.0.0.1, port: {port}, dbname: {name}, attest: {{ cluster_name: {server} }} }}
    upstream:
      sslmode: verify-full
      sslrootcert: certificates/upstream-ca.crt
      roles:
        tester: {{ password: "${{DOMICILE_PASSWORD_TESTER}}" }}
"""
RULE = ("  - {{ name: {name}, who: {{ groups: [{name}] }}, databases: [{databases}], regions: [eu-west-1], roles: [tester], "
        "access: {access}, forbid: [{forbid}] }}")


def say(text):
    print(f"guard: {text}", file=sys.stderr, flush=True)


class Ground:
    """Everything of one run. `close` ends and removes all of it."""

    def __init__(self, binary, rules):
        if "DOMICILE_TESTBED_PORT" not in os.environ:
            free = (base for base in BASES if not Testbed.taken_ports(base))
            os.environ["DOMICILE_TESTBED_PORT"] = str(next(free, BASES[0]))
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="domicile-guard."))
        self.folder.chmod(0o711)
        self.original = binary
        self.binary = self.folder / "domicile"
        self.rules = {**rules, FREE: ("read_write", [])}
        self.testbed = Testbed(self.folder)
        self.tokens = {}

    def open(self):
        # A copy: a build that happens meanwhile must not change what runs.
        shutil.copy2(self.original, self.binary)
        os.environ["DOMICILE_BIN"] = str(self.binary)
        self.testbed.lock(make=True)
        self.testbed.create()
        self.sockets = pathlib.Path(self.testbed.reachable_folder("sockets"))
        self.out = pathlib.Path(self.testbed.reachable_folder("out"))
        (self.out / "canary.txt").write_text("CANARY-FILE,1\n")
        (self.out / "keep").mkdir()
        self.testbed.record["settings"] = SETTINGS.format(sockets=self.sockets)
        certificates.make(self.testbed)
        with concurrent.futures.ThreadPoolExecutor() as pool:
            jobs = [pool.submit(self.make_far), pool.submit(self.make_near), pool.submit(tokens.start_issuer, self.testbed)]
            for job in jobs:
                job.result()
        self.make_databases()
        self.configure()
        gateway.start(self.testbed)
        for name in self.rules:
            # A claim that is changed has the tests' own issuer sign.
            self.tokens[name] = tokens.make(
                self.testbed, "conformance", overrides=[("groups", [name]), ("exp", "+7200")])

    def close(self, keep=False):
        if self.testbed.record is None:
            shutil.rmtree(self.folder, ignore_errors=True)
            return
        gateway.stop(self.testbed, patience=5)
        for name in (NEAR, FAR):
            servers.stop(self.testbed, name, "immediate")
        tokens.stop_issuer(self.testbed)
        if keep:
            say(f"logs and data are in {self.folder} and {self.testbed.data}")
        else:
            self.testbed.remove()

    # The servers.

    def make(self, name):
        servers.initialise(self.testbed, name)
        servers.stop(self.testbed, name)
        folder = self.testbed.data / name
        access, names = folder / "pg_hba.conf", folder / "pg_ident.conf"
        access.write_text(ACCESS[name] + access.read_text())
        names.write_text(f"corpus {getpass.getuser()} {USER}\n")
        # What pg_ls_logdir lists.
        (folder / "log").mkdir()
        (folder / "log/postgresql.log").touch()
        servers.give_to_server(self.testbed, folder / "log", 0o700)
        servers.start(self.testbed, name)

    def make_far(self):
        self.make(FAR)
        with self.direct("postgres", FAR) as admin:
            # All that it does is in the log. For a subscription it must be able to replicate.
            admin.value(f"CREATE ROLE {PEER} LOGIN REPLICATION")
            admin.value(f"ALTER ROLE {PEER} SET log_statement = 'all'")
            admin.value(f"CREATE DATABASE {PEER}")
        with self.direct(PEER, FAR) as admin:
            admin.value(PEER_SQL)

    def make_near(self):
        self.make(NEAR)
        with self.direct("postgres") as admin:
            admin.value(f"CREATE DATABASE {TEMPLATE}")
        with self.direct(TEMPLATE) as admin:
            admin.value(corpus.setup(self.values(TEMPLATE)))
            admin.value("ANALYZE customers, orders")

    def make_databases(self):
        with self.direct("postgres") as admin:
            for name in (*SERVED.values(), *TWINS.values(), DIRECT):
                admin.value(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
            admin.value(f"CREATE DATABASE {WILD}")

    def values(self, database):
        port = str(self.testbed.port(FAR))
        return {"@PEER@": f"host=127.0.0.1 port={port} dbname={PEER} user={PEER}", "@PEER_HOST@": "127.0.0.1",
                "@PEER_PORT@": port, "@PEER_DB@": PEER, "@PEER_USER@": PEER, "@OUT@": str(self.out), "@DB@": database}

    def direct(self, database, server=NEAR, options=None):
        """A superuser's session straight at a server."""
        path = self.sockets / f".s.PGSQL.{self.testbed.port(server)}"
        return session.Session(path, USER, database, options=options)

    # The gateway.

    def configure(self):
        databases = "".join(DATABASE.format(name=name, port=self.testbed.port(NEAR), server=NEAR) for name in (*SERVED.values(), WILD))
        rules = "\n".join(
            RULE.format(name=name, databases=", ".join((*SERVED.values(), WILD)), access=access, forbid=", ".join(forbid))
            for name, (access, forbid) in self.rules.items())
        gateway.configuration_file(self.testbed).write_text(CONFIGURATION.format(
            listener=json.dumps(str(gateway.socket_path(self.testbed))), admin=self.testbed.port("admin"),
            admin_socket=json.dumps(str(self.testbed.run / "admin.sock")), issuer=self.testbed.issuer2,
            databases=databases.rstrip("\n"), rules=rules))

    def through(self, database, rule, options=None, patience=session.PATIENCE_SECONDS):
        """An executor's session, by the rule of that name."""
        return session.Session(gateway.socket_path(self.testbed), USER, database, self.tokens[rule], options, patience=patience)

    def insist_on_gateway(self):
        if self.testbed.pid("gateway") is None:
            raise Failure("the gateway ended", self.testbed.log("gateway"))


def binary_of(option):
    program = option or pathlib.Path(os.environ.get("DOMICILE_BIN") or REPOSITORY / ".build/release/domicile")
    if not os.access(program, os.X_OK):
        raise Failure(f"there is no gateway at {program}: build it with script/build, or say --binary")
    return program
