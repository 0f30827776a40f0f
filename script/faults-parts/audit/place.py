"""Where all of it happens: two PostgreSQL servers, an issuer, and a gateway with a signed log in each of two regions."""

import concurrent.futures
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
from state import REPOSITORY, Failure, Testbed

REGION = "eu-west-1"
# The other region has a server and a log of its own: what happens to one log must not be felt by the other's sessions.
OTHER = "us-east-1"
SERVER, OTHER_SERVER = "orders-eu-a", "orders-us-a"
# A new segment begins after this many bytes: the least that a configuration may say.
SEGMENT = 1 << 20
READY_SECONDS = 15
STOP_SECONDS = 15
# Of a thread's name the kernel keeps so much.
NAME_BYTES = 15
# The log tries again every 250 ms, and a checkpoint is signed every second.
SETTLE_SECONDS = 15
PORT = "9600"
# Ports of a second gateway, counted from those of the first.
SECOND = 4

SETTINGS = """\
max_connections = 60
log_statement = 'all'
log_line_prefix = '%m [%p] %q%u@%d '
"""
CONFIGURATION = """\
# Written by script/faults audit.
region: eu-west-1
gateway: faults-audit
state: {state}
listen:
  - address: "127.0.0.1:{port}"
    tls: {{ certificate: certificates/gateway.crt, key: certificates/gateway.key }}
admin: {{ address: "127.0.0.1:{admin}", socket: "{folder}/admin.sock" }}
issuers:
  - issuer: {issuer}
    audience: [domicile]
    claims: {{ subject: sub, planner: azp, task: task_id, groups: groups }}
regions:
  eu-west-1: {{ jurisdiction: EU, audit: {audit}/eu-west-1, networks: [127.0.0.0/8] }}
  us-east-1: {{ jurisdiction: US, audit: {audit}/us-east-1, networks: [127.0.0.0/8] }}
databases:
  orders:
    replicas: [ {{ name: orders-a, region: eu-west-1, kind: primary, host: 127.0.0.1, port: {upstream}, dbname: orders, attest: {{ cluster_name: orders-eu-a }} }} ]
    upstream: {upstream_settings}
  ledger:
    replicas: [ {{ name: ledger-a, region: us-east-1, kind: primary, host: 127.0.0.1, port: {elsewhere}, dbname: orders, attest: {{ cluster_name: orders-us-a }} }} ]
    upstream: {upstream_settings}
health: {{ interval: 500ms, timeout: 1s, fall: 20, rise: 1, user: domicile_health, password: "${{DOMICILE_PASSWORD_HEALTH}}" }}
audit: {{ durability: {durability}, segment: 1MiB, origin: faults.example/audit, key: audit.key }}
session: {{ shutdown_timeout: 2s }}
limits: {{ log_bytes_per_second_per_subject: 1GiB, logins_per_second_per_address: 5000, logins_per_second_per_subject: 5000, failure_delay: 0, workers: {workers} }}
rules:
  - {{ name: eu, who: {{ groups: [eu-analysts] }}, databases: [orders], regions: [EU], roles: [analyst], access: read_only }}
  - {{ name: us, who: {{ groups: [us-analysts] }}, databases: [ledger], regions: [US], roles: [analyst], access: read_only, transit: [eu-west-1] }}
"""
UPSTREAM = ("{ sslmode: verify-full, sslrootcert: certificates/upstream-ca.crt, "
            'roles: { analyst: { password: "${DOMICILE_PASSWORD_ANALYST}" } } }')


def say(text):
    print(f"faults: {text}", file=sys.stderr, flush=True)


def binary_of(option):
    program = option or pathlib.Path(os.environ.get("DOMICILE_BIN") or REPOSITORY / ".build/release/domicile")
    if not os.access(program, os.X_OK):
        raise Failure(f"there is no gateway at {program}: build it with script/build, or say --binary")
    return program


class Place:
    """Everything of one run. `close` ends and removes all of it."""

    def __init__(self, binary):
        os.environ.setdefault("DOMICILE_TESTBED_PORT", PORT)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="domicile-faults."))
        self.folder.chmod(0o711)
        self.original = binary
        self.binary = self.folder / "domicile"
        self.testbed = Testbed(self.folder)
        self.keys = self.folder / "verifier-keys"
        # Where the log lies: another folder for each log that a run begins.
        self.audit = None
        self.logs = 0
        self.lost_outcomes = 0
        self.is_whole = False
        self.durability = None
        self.process = None
        self.tokens = {}
        # What the gateway's environment has besides.
        self.extra = {}
        # Called with nothing before all ends: mounts, and processes of a case that did not come to its end.
        self.undo = []

    def open(self):
        # A copy: a build that happens meanwhile must not change what runs.
        shutil.copy2(self.original, self.binary)
        self.testbed.lock(make=True)
        self.testbed.create()
        self.testbed.record["settings"] = SETTINGS
        certificates.make(self.testbed)
        with concurrent.futures.ThreadPoolExecutor() as pool:
            jobs = [pool.submit(servers.initialise, self.testbed, name) for name in (SERVER, OTHER_SERVER)]
            jobs.append(pool.submit(tokens.start_issuer, self.testbed))
            for job in jobs:
                job.result()
        self.tokens = {name: tokens.make(self.testbed, name, overrides=[("exp", "+7200")])
                       for name in ("eu-analyst", "us-analyst")}

    def close(self, keep=False):
        for action in reversed(self.undo):
            action()
        if self.testbed.record is None:
            shutil.rmtree(self.folder, ignore_errors=True)
            return
        gateway.stop(self.testbed, patience=3)
        for name in (SERVER, OTHER_SERVER):
            servers.stop(self.testbed, name, "immediate")
        tokens.stop_issuer(self.testbed)
        if keep:
            say(f"logs and data are in {self.folder} and {self.testbed.data}")
        else:
            self.testbed.remove()

    # The gateway.

    def port(self, name):
        return self.testbed.port(name)

    @property
    def log(self):
        return self.audit / REGION

    @property
    def configuration(self):
        return gateway.configuration_file(self.testbed)

    @property
    def environment(self):
        return processes.plain_environment(
            DOMICILE_PASSWORD_ANALYST=self.testbed.secret("analyst"), DOMICILE_PASSWORD_HEALTH=self.testbed.secret("health"),
            **self.extra)

    def configured(self, audit, durability="acknowledged", workers=1, second=False):
        """The text of a configuration; `second`: of another gateway, which shares nothing but the log."""
        own = SECOND if second else 0
        return CONFIGURATION.format(
            port=self.port("gateway") + own, admin=self.port("admin") + own, state=f"state-{own}" if own else "state",
            folder=self.testbed.run / f"second-{own}" if own else self.testbed.run, issuer=self.testbed.issuer2,
            upstream=self.port(SERVER), elsewhere=self.port(OTHER_SERVER), upstream_settings=UPSTREAM, audit=audit,
            durability=durability, workers=workers)

    def take(self, options):
        """A log to break: another one, or, where there is no time, the one that is written, if it is whole."""
        if not (options.quick and self.is_whole and self.durability == options.durability and self.is_running()):
            self.begin(options.durability)

    def begin(self, durability="acknowledged", workers=1, audit=None):
        """Another log, of which no state knows, and a gateway that writes it."""
        self.stop()
        self.logs += 1
        # Statements without an outcome that the log may have: a gateway that was killed left them.
        self.lost_outcomes = 0
        self.is_whole, self.durability = True, durability
        shutil.rmtree(self.testbed.folder / "state", ignore_errors=True)
        self.audit = audit or self.testbed.folder / f"audit-{self.logs}"
        self.audit.mkdir(exist_ok=True)
        self.configuration.write_text(self.configured(self.audit, durability, workers))
        self.run("audit", "init", "--config", self.configuration)
        self.keys.write_text(self.run("audit", "key", "--config", self.configuration))
        self.start()

    def launch(self, wrapper=()):
        """Starts the gateway and waits for nothing."""
        self.process = self.testbed.start(
            "gateway", [*wrapper, self.binary, "serve", "--config", self.configuration], self.environment)
        return self.process

    def start(self, wrapper=()):
        process = self.launch(wrapper)
        processes.wait_until(lambda: process.poll() is not None or self.is_ready(), READY_SECONDS)
        if process.poll() is not None:
            raise Failure(f"the gateway ended with status {process.returncode}", self.testbed.log("gateway"))
        if not self.is_ready():
            raise Failure(f"the gateway is not ready after {READY_SECONDS} s: {gateway.readiness(self.testbed)[1].strip()}",
                          self.testbed.log("gateway"))

    def refusal(self):
        """What a gateway says that does not start; None: it did."""
        size = self.testbed.log("gateway").stat().st_size
        process = self.launch()
        processes.wait_until(lambda: process.poll() is not None or self.is_ready(), READY_SECONDS)
        if process.poll() is None:
            return None
        with open(self.testbed.log("gateway"), "rb") as file:
            file.seek(size)
            return file.read().decode(errors="replace")

    def stop(self):
        gateway.stop(self.testbed, patience=STOP_SECONDS)

    def kill(self):
        gateway.stop(self.testbed, at_once=True)
        self.wait_for_end()

    def wait_for_end(self):
        """Returns when the last of its threads has gone: until then one may be in the midst of a write."""
        self.process.wait(STOP_SECONDS)

    def is_ready(self):
        return gateway.is_ready(self.testbed)

    @property
    def pid(self):
        pid = self.testbed.pid("gateway")
        if pid is None:
            raise Failure("the gateway has ended", self.testbed.log("gateway"))
        return pid

    def is_running(self):
        return self.testbed.pid("gateway") is not None

    def threads(self, kind):
        """Ids of the gateway's threads of this name, as much of it as the kernel keeps; or `all`."""
        found = {}
        for task in pathlib.Path(f"/proc/{self.pid}/task").iterdir():
            try:
                found[int(task.name)] = (task / "comm").read_text().rstrip("\n")
            except (FileNotFoundError, ProcessLookupError):
                # It has ended meanwhile.
                continue
        pattern = "" if kind == "all" else kind[:NAME_BYTES]
        threads = [thread for thread, name in found.items() if name.startswith(pattern)]
        if not threads:
            raise Failure(f"no thread is called {pattern}…, there are {', '.join(sorted(set(found.values())))}")
        return sorted(threads)

    def segment(self):
        """The segment that is appended to."""
        return max((self.log / "segments").glob("*.jsonl"))

    # The command.

    def call(self, *arguments):
        """(exit status, output and errors)."""
        return processes.run([self.binary, *arguments], self.environment)

    def run(self, *arguments):
        status, output = self.call(*arguments)
        if status != 0:
            raise Failure(f"domicile {' '.join(str(argument) for argument in arguments[:2])}:\n{output}")
        return "".join(line + "\n" for line in output.splitlines() if "+" in line)

    # The server.

    def sql(self, text):
        return servers.psql(self.testbed, SERVER, text)

    def wait_for_backends(self):
        """Returns when the server has no session of an executor any more: what reached it stands in its log."""
        count = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'analyst'"
        if not processes.wait_until(lambda: self.sql(count) == "0", 10):
            raise Failure("executors' sessions at the server do not end", self.testbed.log(SERVER))

    @property
    def server_log(self):
        return self.testbed.log(SERVER)


def now():
    return time.monotonic()


def end_of(process, seconds=5):
    """Ends a process of ours, in order where it can."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        if not processes.wait_until(lambda: process.poll() is not None, seconds):
            process.kill()
    return process.wait()
