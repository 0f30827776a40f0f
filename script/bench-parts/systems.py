"""What is measured: the testbed's PostgreSQL, pgbouncer and the gateway in front of it. All of it ends with the run."""

import errno
import functools
import os
import pathlib
import secrets
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
TESTBED = REPOSITORY / "script/testbed"
sys.path.append(str(REPOSITORY / "script/testbed-parts"))

import pgbouncer
import state

START_TIMEOUT = 20
ANSWER_PAUSE = 0.2
STOP_PATIENCE = 12
RUN_PATIENCE = 60
SCALE = 10

# Ports of our own, counted from the testbed's base: the gap that the testbed leaves.
FIRST_PORT = 40
PORTS = [offset for offset in range(FIRST_PORT, max(state.PORTS.values())) if offset not in state.PORTS.values()]
ADDRESSES = ("127.0.0.1", "0.0.0.0")
START_ATTEMPTS = 4
# What the gateway's log says then.
ADMIN_LISTENS = "admin endpoint listens"
PORT_IS_TAKEN = os.strerror(errno.EADDRINUSE).lower()

# SCRAM, and room for as many sessions as the gateway is given.
PGBOUNCER_SETTINGS = ("auth_type = scram-sha-256", "max_client_conn = 1000", "default_pool_size = 300")

GATEWAY = """\
# Written by script/bench.
region: eu-west-1
gateway: bench
state: state
listen:
  - address: "127.0.0.1:{port}"
    tls: {listener_tls}
admin:
  address: 127.0.0.1:{admin}
  socket: {folder}/admin.sock
issuers:
  - issuer: {issuer}
    audience: [domicile]
    claims: {{ subject: sub, planner: azp, task: task_id, groups: groups }}
regions:
  eu-west-1: {{ jurisdiction: EU, audit: audit/eu-west-1, networks: [127.0.0.0/8] }}
databases:
  orders:
    replicas:
      - {{ name: orders-eu-a, region: eu-west-1, kind: primary, host: 127.0.0.1, port: {upstream}, dbname: orders }}
    upstream:
      {upstream_tls}
      roles:
        writer: {{ password: "${{DOMICILE_PASSWORD_WRITER}}" }}
health: {{ user: domicile_health, password: "${{DOMICILE_PASSWORD_HEALTH}}" }}
audit:
  durability: {durability}
  origin: bench.example/audit
  key: audit.key
limits: {{ log_bytes_per_second_per_subject: 1GiB, logins_per_second_per_address: 100000, sessions_per_subject: 5000, logins_per_second_per_subject: 100000{more} }}
rules:
  - name: eu-writers
    who: {{ groups: [eu-writers] }}
    databases: [orders]
    regions: [EU]
    roles: [writer]
    access: read_write
    replicates: allow
    forbid: [{forbid}]
"""


class Failure(Exception):
    """Something a person must see."""


class PortTaken(Failure):
    """A server could not start: something else listens at its port."""


def at_free_ports(start):
    """Decorates what starts a server at ports that `Bench.port` gave: where one was taken meanwhile it starts it again at the
    next ones."""
    @functools.wraps(start)
    def again(*arguments, **named):
        for _ in range(START_ATTEMPTS - 1):
            try:
                return start(*arguments, **named)
            except PortTaken as problem:
                print(f"bench: {str(problem).strip()}\nbench: once more, at the next port", file=sys.stderr, flush=True)
        return start(*arguments, **named)
    return again


class System:
    """One way to the database: its process (None where PostgreSQL itself is meant) and libpq's environment for it."""

    def __init__(self, name, environment, process=None, admin=None, folder=None):
        self.name = name
        self.environment = environment
        self.process = process
        self.admin = admin
        self.folder = folder

    @property
    def pid(self):
        return self.process.pid if self.process else None


class Bench:
    """The processes and folders of one run. `close` ends and removes all of them."""

    def __init__(self, binary, base, workers, slow_sync=0):
        self.base = base
        self.workers = workers
        self.last_port = -1
        self.starts = 0
        self.children = []
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="domicile-bench."))
        # pgbouncer's user must be able to pass through; what is secret has its own mode.
        self.folder.chmod(0o711)
        self.testbed = self.folder / "testbed"
        self.testbed_is_up = False
        self.variables = {}
        self.token = ""
        self.binary = self.folder / "domicile"
        self.original = binary
        self.slow_sync = slow_sync

    def open(self):
        # A copy: a build that happens meanwhile must not change what runs.
        shutil.copy2(self.original, self.binary)
        self.testbed_is_up = True
        self.call_testbed("up", "--no-gateway")
        for line in self.call_testbed("env").splitlines():
            name, value = line.removeprefix("export ").split("=", 1)
            self.variables[name] = shlex.split(value)[0] if value else ""
        self.token = self.call_testbed("token", "eu-writer", "--header", "alg=ES256").strip()
        self.allow_passwords()
        self.run(["pgbench", "-i", "-q", "-s", str(SCALE)], self.direct("tls").environment)

    def slowed(self):
        """What makes the syncs of a program slow: variables of its environment, none where they are as they are."""
        if not self.slow_sync:
            return {}
        library = self.folder / "slow-sync.so"
        if not library.exists():
            source = REPOSITORY / "Benchmarks/SlowSync.c"
            subprocess.run(["clang", "-O2", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
        return {"LD_PRELOAD": str(library), "SLOW_SYNC_MICROSECONDS": str(self.slow_sync)}

    def call_testbed(self, *arguments):
        environment = dict(os.environ, DOMICILE_TESTBED_DIR=str(self.testbed), DOMICILE_TESTBED_PORT=str(self.base),
                           DOMICILE_BIN=str(self.binary))
        done = subprocess.run([TESTBED, *arguments], env=environment, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, check=False)
        if done.returncode != 0:
            raise Failure(f"script/testbed {arguments[0]} failed:\n{done.stderr}")
        return done.stdout

    def allow_passwords(self):
        """The testbed's writer logs in by a certificate, and its servers insist on TLS. Here both proxies log in by
        SCRAM, and the plaintext rows measure them without TLS."""
        file = pathlib.Path(self.sql("SHOW hba_file"))
        # The first line that fits counts. The file stays the server's own.
        access = file.read_text(encoding="utf-8")
        file.write_text("# script/bench\nhost all writer 127.0.0.1/32 scram-sha-256\n"
                        "hostnossl all domicile_health 127.0.0.1/32 scram-sha-256\n" + access, encoding="utf-8")
        self.variables["DOMICILE_PASSWORD_WRITER"] = password = secrets.token_hex(16)
        self.sql(f"ALTER ROLE writer PASSWORD '{password}'")
        self.sql("SELECT pg_reload_conf()")

    def sql(self, text):
        values = self.variables
        password = values["DIRECT_DSN_EU_A"].rpartition(" password=")[2]
        environment = self.libpq(values["DIRECT_PORT_EU_A"], "tls", values["DOMICILE_UPSTREAM_CA"], password)
        environment["PGUSER"] = "postgres"
        return self.run(["psql", "-X", "-q", "-A", "-t", "-c", text], environment).strip()

    def run(self, command, environment, patience=RUN_PATIENCE):
        """Output of a command that must end well, and within `patience` seconds: a stall is a failure too."""
        process = self.start(command, environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            output = process.communicate(timeout=patience)[0]
        except subprocess.TimeoutExpired:
            raise Failure(f"{' '.join(command)} at port {environment['PGPORT']} has not ended after {patience} s; "
                          "its processes are stopped now") from None
        self.children.remove(process)
        if process.returncode != 0:
            raise Failure(f"{' '.join(command)} ended with status {process.returncode}:\n{output[-2000:]}")
        return output

    def start(self, command, environment, **more):
        # A session of its own: Ctrl-C reaches script/bench alone, which then ends all in order.
        process = subprocess.Popen([str(part) for part in command], env=environment, stdin=subprocess.DEVNULL,
                                   start_new_session=True, **more)
        self.children.append(process)
        return process

    def stop(self, process, with_signal=signal.SIGTERM):
        if process.poll() is None:
            process.send_signal(with_signal)
            try:
                process.wait(STOP_PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if process in self.children:
            self.children.remove(process)

    def stop_all(self, process):
        """Ends it and what it started: each of our children leads a group."""
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.stop(process)

    def allow_connections(self, number):
        """The server takes so many from now on."""
        self.sql(f"ALTER SYSTEM SET max_connections = {number}")
        for what in ("stop", "start"):
            self.call_testbed("replica", what, "orders-eu-a")

    def end_servers(self):
        """All but the testbed's own."""
        for process in reversed(list(self.children)):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in list(self.children):
            self.stop(process, signal.SIGKILL if process.poll() is not None else signal.SIGTERM)

    def close(self):
        self.end_servers()
        if self.testbed_is_up:
            try:
                self.call_testbed("down")
            finally:
                self.testbed_is_up = False
        shutil.rmtree(self.folder, ignore_errors=True)

    def port(self):
        """One at which a server can listen now: the next after the last one given, and from the gap's beginning again after its
        end, since most of those before have ended by then."""
        for step in range(1, len(PORTS) + 1):
            place = (self.last_port + step) % len(PORTS)
            port = self.base + PORTS[place]
            if all(state.port_is_free(port, address) for address in ADDRESSES):
                self.last_port = place
                return port
        raise Failure(f"no port is free from {self.base + PORTS[0]} to {self.base + PORTS[-1]}: "
                      "set DOMICILE_TESTBED_PORT to another base")

    def new_folder(self, kind):
        """Of a server. Its number is not its port, which another one may have had."""
        self.starts += 1
        folder = self.folder / f"{kind}-{self.starts}"
        folder.mkdir(mode=0o700)
        return folder

    def libpq(self, port, transport, authority, password):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        environment.update(
            PGHOST="127.0.0.1", PGPORT=str(port), PGDATABASE="orders", PGUSER="writer", PGPASSWORD=password,
            PGGSSENCMODE="disable", PGCONNECT_TIMEOUT="10", LC_ALL="C",
            PGSSLMODE="verify-full" if transport == "tls" else "disable")
        if transport == "tls":
            environment["PGSSLROOTCERT"] = authority
        return environment

    def direct(self, transport):
        values = self.variables
        return System("direct", self.libpq(values["DIRECT_PORT_EU_A"], transport, values["DOMICILE_UPSTREAM_CA"],
                                           values["DOMICILE_PASSWORD_WRITER"]))

    @at_free_ports
    def pgbouncer(self, transport, more="", name="pgbouncer", secret=None):
        """`secret` is what its file of users holds; the password where it is None."""
        values = self.variables
        port = self.port()
        folder = self.new_folder("pgbouncer")
        certificates, upstream = None, ["server_tls_sslmode = disable"]
        if transport == "tls":
            certificates = pathlib.Path(values["DOMICILE_TESTBED"]) / "certificates"
            upstream = ["server_tls_sslmode = verify-full", f"server_tls_ca_file = {folder}/upstream-ca.crt"]
        command, account = pgbouncer.prepare(
            folder, port, "orders", values["DIRECT_PORT_EU_A"], secret or values["DOMICILE_PASSWORD_WRITER"], certificates,
            [*PGBOUNCER_SETTINGS, *upstream, more])
        process = self.start(command, dict(os.environ), cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                             **account)
        system = System(name, self.libpq(
            port, transport, values["DOMICILE_CA"], values["DOMICILE_PASSWORD_WRITER"]), process, folder=folder)
        self.wait_until_it_answers(system, folder / "pgbouncer.log")
        return system

    def verifier(self):
        """The server's own SCRAM verifier: with it pgbouncer derives no key from a password, at either side."""
        return self.sql("SELECT rolpassword FROM pg_authid WHERE rolname = 'writer'")

    @at_free_ports
    def gateway(self, transport, durability="acknowledged", name="gateway", more="", forbid="", prefix=(),
                environment=None, patience=START_TIMEOUT):
        """`more` are further limits, `forbid` the classes of statements that the rule forbids; `prefix` is the command
        that runs the gateway, with these variables too."""
        further = environment or {}
        values = self.variables
        port, admin = self.port(), self.port()
        folder = self.new_folder("gateway")
        certificates = pathlib.Path(values["DOMICILE_TESTBED"]) / "certificates"
        if transport == "tls":
            listener_tls = f"{{ certificate: {certificates}/gateway.crt, key: {certificates}/gateway.key }}"
            upstream_tls = f"sslmode: verify-full\n      sslrootcert: {certificates}/upstream-ca.crt"
        else:
            listener_tls, upstream_tls = "{ required: false }", "sslmode: disable"
        configuration = folder / "domicile.yaml"
        configuration.write_text(GATEWAY.format(
            port=port, admin=admin, folder=folder, issuer=values["DOMICILE_ISSUER2"], durability=durability,
            upstream=values["DIRECT_PORT_EU_A"], listener_tls=listener_tls, upstream_tls=upstream_tls,
            more=(f", workers: {self.workers}" if self.workers else "") + more, forbid=forbid))
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        for secret in ("WRITER", "HEALTH"):
            environment[f"DOMICILE_PASSWORD_{secret}"] = values[f"DOMICILE_PASSWORD_{secret}"]
        # Logs are signed, as they should be wherever the figures are read.
        made = subprocess.run([self.binary, "audit", "init", "--config", configuration], env=environment,
                              capture_output=True, text=True, check=False)
        if made.returncode != 0:
            raise Failure(f"domicile audit init: {made.stderr.strip()}")
        with open(folder / "gateway.log", "ab") as log:
            process = self.start([*prefix, self.binary, "serve", "--config", configuration],
                                 {**environment, **self.slowed(), **further}, cwd=folder,
                                 stdout=log, stderr=log)
        system = System(name, self.libpq(
            port, transport, values["DOMICILE_CA"], self.token), process, admin, folder)
        self.wait_until_it_answers(system, folder / "gateway.log", patience)
        self.wait_for_admin(system, folder / "gateway.log", patience)
        return system

    def wait_until_it_answers(self, system, log, patience=START_TIMEOUT):
        deadline = time.monotonic() + patience
        problem = None
        while time.monotonic() < deadline:
            # First, since another program at its port would not answer, or would answer in its place.
            time.sleep(ANSWER_PAUSE)
            if system.process.poll() is not None:
                break
            try:
                self.run(["psql", "-X", "-q", "-A", "-t", "-c", "SELECT 1"], system.environment)
                if system.process.poll() is None:
                    return
            except Failure as found:
                problem = found
        status = system.process.poll()
        text = log.read_text(errors="replace")[-3000:] if log.exists() else ""
        if status is None:
            raise Failure(f"{system.name} does not answer: {problem}\n{text}")
        self.children.remove(system.process)
        kind = PortTaken if PORT_IS_TAKEN in text.lower() else Failure
        raise kind(f"{system.name} at port {system.environment['PGPORT']} ended with status {status}:\n{text}")

    def wait_for_admin(self, system, log, patience):
        """It serves executors without its admin address, too: its figures would be another program's then."""
        deadline = time.monotonic() + patience
        while ADMIN_LISTENS not in log.read_text(errors="replace"):
            if time.monotonic() > deadline or system.process.poll() is not None:
                self.stop(system.process)
                raise PortTaken(f"{system.name} does not listen at its admin port {system.admin}")
            time.sleep(ANSWER_PAUSE)

    def cipher(self, system):
        output = self.run(["psql", "-X", "-c", r"\conninfo"], system.environment)
        return output.partition("protocol: ")[2].partition(", compression")[0].replace(", cipher: ", " ") or "none"


def metrics(system):
    """The gateway's own counters, summed over their labels."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://127.0.0.1:{system.admin}/metrics", timeout=5) as answer:
            text = answer.read().decode()
    except (urllib.error.URLError, ConnectionError, TimeoutError) as problem:
        raise Failure(f"the gateway's /metrics: {problem}") from problem
    sums = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            name = name.partition("{")[0]
            sums[name] = sums.get(name, 0.0) + float(value)
    return sums
