"""The ground that suites run on: a testbed, its database `scratch` made anew, and the two ways to reach it."""

import dataclasses
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import tempfile
import time

BINARIES = pathlib.Path("/usr/lib/postgresql/15/bin")
DATABASE = "scratch"
ROLE = "tester"
ROLES = ("postgres", "replicator", "analyst", "writer", "tester", "guests", "domicile_health")
LOGIN_PATIENCE = 30


class Failure(Exception):
    """The run cannot go on; the text says why."""


class OwnTestbed:
    """A testbed for this run, or the one that runs already."""

    def __init__(self, is_there, say):
        self.is_there = is_there
        self.say = say
        self.folder = None
        self.environment = dict(os.environ)

    def __enter__(self):
        if not self.is_there:
            self.folder = pathlib.Path(tempfile.mkdtemp(prefix="domicile-conformance."))
            self.folder.chmod(0o711)
            self.environment["DOMICILE_TESTBED_DIR"] = str(self.folder / "testbed")
            self.environment.setdefault("DOMICILE_TESTBED_PORT", "8600")
            self.say("starting a testbed")
            try:
                self.call("up")
            except Failure:
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
        script = pathlib.Path(__file__).resolve().parent.parent.parent / "testbed"
        done = subprocess.run([script, operation], env=self.environment, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, check=False)
        if done.returncode:
            raise Failure(f"script/testbed {operation} failed:\n{done.stderr}")
        return done.stdout


@dataclasses.dataclass(frozen=True)
class Way:
    """How a suite reaches the primary: libpq's variables."""

    name: str
    port: str
    password: str
    authority: str

    def environment(self, base=None):
        kept = {name: value for name, value in (base or os.environ).items()
                if not name.startswith(("PG", "DOMICILE_", "DIRECT_", "PSYCOPG"))}
        return {**kept, "PGHOST": "127.0.0.1", "PGPORT": self.port, "PGUSER": ROLE, "PGDATABASE": DATABASE,
                "PGPASSWORD": self.password, "PGSSLMODE": "verify-full", "PGSSLROOTCERT": self.authority,
                "PGCONNECT_TIMEOUT": "20", "LC_ALL": "C", "TZ": "UTC"}


class Ground:
    def __init__(self, variables):
        self.variables = variables
        self.direct = Way("direct", variables["DIRECT_PORT_EU_A"], variables["DOMICILE_PASSWORD_TESTER"],
                          variables["DOMICILE_UPSTREAM_CA"])
        self.through = Way("through", variables["DOMICILE_PORT"], variables["DOMICILE_TOKEN_CONFORMANCE"],
                           variables["DOMICILE_CA"])

    def psql(self, sql, database="orders"):
        """The superuser's, straight at the primary; each row a line."""
        dsn = f"{self.variables['DIRECT_DSN_EU_A']} dbname={database}"
        done = subprocess.run([BINARIES / "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", dsn], input=sql, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if done.returncode:
            raise Failure(f"resetting {DATABASE} failed: {done.stderr.strip()}")
        return done.stdout.splitlines()

    def reset(self):
        """The database as the testbed made it, and nothing of a suite left in the cluster."""
        databases = [DATABASE, *self.psql(
            "SELECT datname FROM pg_database WHERE datname NOT IN "
            "('postgres', 'template0', 'template1', 'orders', 'scratch', 'reach')")]
        for database in databases:
            # Subscriptions hold their database; the slots they name may be gone.
            if self.psql(f"SELECT 1 FROM pg_database WHERE datname = '{database}' AND EXISTS (SELECT 1 FROM "
                         "pg_subscription WHERE subdbid = pg_database.oid)"):
                names = self.psql("SELECT quote_ident(subname) FROM pg_subscription WHERE subdbid = "
                                  "(SELECT oid FROM pg_database WHERE datname = current_database())", database)
                self.psql("".join(f"ALTER SUBSCRIPTION {name} DISABLE; ALTER SUBSCRIPTION {name} SET (slot_name = NONE); "
                                  f"DROP SUBSCRIPTION {name};\n" for name in names), database)
            self.psql(f"DROP DATABASE IF EXISTS \"{database}\" WITH (FORCE)")
        self.psql("".join(f"{line};\n" for line in self.psql(
            "SELECT format('DROP TABLESPACE %I', spcname) FROM pg_tablespace WHERE spcname !~ '^pg_'")))
        roles = ", ".join(f"'{role}'" for role in ROLES)
        self.psql("".join(f"{line};\n" for line in self.psql(
            f"SELECT format('DROP ROLE %I', rolname) FROM pg_roles WHERE rolname !~ '^pg_' AND rolname NOT IN ({roles})")))
        self.psql("".join(f"SELECT pg_drop_replication_slot('{slot}');\n" for slot in self.psql(
            "SELECT slot_name FROM pg_replication_slots WHERE NOT active AND slot_type = 'logical'")))
        self.psql(f"CREATE DATABASE {DATABASE} OWNER {ROLE};\nGRANT CREATE, TEMPORARY ON DATABASE {DATABASE} TO writer;\n"
                  + "".join(f"ALTER DATABASE {DATABASE} SET {name} TO '{value}';\n" for name, value in (
                      ("lc_messages", "C"), ("lc_monetary", "C"), ("lc_numeric", "C"), ("lc_time", "C"),
                      ("bytea_output", "hex"), ("timezone_abbreviations", "Default"))))
        self.psql("GRANT ALL ON SCHEMA public TO writer", DATABASE)

    def wait_for_login(self, way):
        """The gateway must have seen the new database before a suite begins."""
        until = time.monotonic() + LOGIN_PATIENCE
        successes = 0
        while True:
            done = subprocess.run([BINARIES / "psql", "-XAtqc", "SELECT 1"], env=way.environment(), text=True,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
            successes = successes + 1 if done.returncode == 0 else 0
            if successes == 2:
                return
            if done.returncode and time.monotonic() > until:
                raise Failure(f"no login {way.name} within {LOGIN_PATIENCE} s: {done.stderr.strip()}")
            # Longer than the time between two probes.
            time.sleep(0.6)
