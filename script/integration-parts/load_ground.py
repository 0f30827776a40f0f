"""What the load run stands on: a testbed's PostgreSQL, a stub of one, the gateway, and programs that open sessions."""

import json
import os
import pathlib
import resource
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
TESTBED = REPOSITORY / "script/testbed"
# Ports of our own, counted from the testbed's base, in the gap that the testbed leaves.
STUB_PORT, TLS_PORT, PLAIN_PORT, ADMIN_PORT = 40, 41, 42, 43
START_TIMEOUT = 20
STOP_PATIENCE = 40
DESCRIPTORS = 65536
CLUSTER_NAME = "stub"

CONFIGURATION = """\
# Written by script/integration load.
region: eu-west-1
gateway: load
state: state
listen:
  - address: "127.0.0.1:{tls}"
    tls: {{ certificate: {certificates}/gateway.crt, key: {certificates}/gateway.key }}
  - address: "127.0.0.1:{plain}"
    tls: {{ required: false }}
admin:
  address: 127.0.0.1:{admin}
  socket: {folder}/admin.sock
issuers:
  - issuer: {issuer}
    audience: [domicile]
    claims: {{ subject: sub, planner: planner, task: task_id, groups: groups }}
regions:
  eu-west-1: {{ jurisdiction: EU, audit: audit, networks: [127.0.0.0/8] }}
databases:
  orders:
    replicas:
      - {{ name: orders-eu-a, region: eu-west-1, kind: primary, host: 127.0.0.1, port: {primary}, dbname: orders }}
    upstream:
      sslmode: verify-full
      sslrootcert: {certificates}/upstream-ca.crt
      upstream_ca: {{ certificate: {certificates}/role-ca.crt, key: {certificates}/role-ca.key }}
      roles:
        writer: {{ certificate: minted }}
  stub:
    replicas:
      - {{ name: stub-a, region: eu-west-1, kind: primary, host: 127.0.0.1, port: {stub}, dbname: stub, attest: {{ cluster_name: {cluster} }} }}
    upstream:
      sslmode: disable
      roles:
        writer: {{ trust: true }}
health: {{ interval: 1s, user: domicile_health, password: "${{DOMICILE_PASSWORD_HEALTH}}" }}
session: {{ startup_timeout: {startup_timeout}, shutdown_timeout: 2s }}
limits: {{ log_bytes_per_second_per_subject: 1GiB, sessions: 20000, sessions_per_subject: {per_subject}, logins_per_second_per_address: 1000000, logins_per_second_per_subject: 1000000 }}
rules:
  - name: eu-writers
    who: {{ groups: [eu-writers] }}
    databases: [orders, stub]
    regions: [EU]
    roles: [writer]
    access: read_write
    replicates: allow
"""


class Failure(Exception):
    """Something a person must see."""


def say(text):
    print(f"load: {text}", file=sys.stderr, flush=True)


def wait_until(condition, seconds, pause=0.2):
    """Polls until `condition()` is true; whether it became so in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True


def with_descriptors(limit):
    """For `preexec_fn`: the process gets that many, no less and no more."""
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))


def most_descriptors():
    """So many may a process have: what it was given, or more where this user may raise that."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard >= DESCRIPTORS:
        return DESCRIPTORS
    raised = subprocess.run(["prlimit", f"--nofile={DESCRIPTORS}:{DESCRIPTORS}", "true"], stderr=subprocess.DEVNULL,
                            check=False)
    return DESCRIPTORS if raised.returncode == 0 else hard


class Ground:
    """The processes and folders of one run. `close` ends and removes all of them."""

    def __init__(self, binary, base, testbed):
        self.base = base
        self.children = []
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="domicile-load."))
        self.folder.chmod(0o711)
        self.binary = self.folder / "domicile"
        self.original = binary
        self.variables = {}
        self.testbed = testbed or self.folder / "testbed"
        self.owns_testbed = testbed is None
        self.gateways = 0
        self.descriptors = most_descriptors()

    def open(self):
        # A copy: a build that happens meanwhile must not change what runs.
        shutil.copy2(self.original, self.binary)
        for program in ("load_client", "load_upstream"):
            done = subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-o", self.folder / program, HERE / f"{program}.c",
                                   "-lssl", "-lcrypto"], stderr=subprocess.PIPE, text=True, check=False)
            if done.returncode:
                raise Failure(f"{program}.c could not be compiled:\n{done.stderr}")
        if self.owns_testbed:
            say("starting a testbed")
            self.call_testbed("up", "--no-gateway")
        for line in self.call_testbed("env").splitlines():
            name, value = line.removeprefix("export ").split("=", 1)
            self.variables[name] = (shlex.split(value) or [""])[0]
        token = self.folder / "token"
        token.touch(0o600)
        token.write_text(self.variables["DOMICILE_TOKEN_EU_WRITER"] + "\n")
        self.token = token

    def call_testbed(self, *arguments):
        environment = dict(os.environ, DOMICILE_TESTBED_DIR=str(self.testbed), DOMICILE_TESTBED_PORT=str(self.base))
        done = subprocess.run([TESTBED, *arguments], env=environment, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, check=False)
        if done.returncode:
            raise Failure(f"script/testbed {arguments[0]} failed:\n{done.stderr}")
        return done.stdout

    def start(self, command, **more):
        # A session of its own: Ctrl-C reaches this script alone, which then ends all in order.
        process = subprocess.Popen([str(part) for part in command], start_new_session=True, **more)
        self.children.append(process)
        return process

    def stop(self, process):
        """Ends it by SIGTERM; whether that was enough."""
        ended = True
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_PATIENCE)
            except subprocess.TimeoutExpired:
                ended = False
                process.kill()
                process.wait()
        if process in self.children:
            self.children.remove(process)
        return ended

    def end_gateways(self):
        """After a part that broke off: everything but the stub."""
        for process in reversed(self.children[1:]):
            process.kill()
            process.wait()
        del self.children[1:]

    def close(self):
        for process in reversed(list(self.children)):
            if process.poll() is None:
                process.kill()
                process.wait()
        try:
            if self.owns_testbed:
                self.call_testbed("down")
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def port(self, offset):
        return self.base + offset

    def sql(self, text):
        """What the primary answers its superuser."""
        done = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-d", self.variables["DIRECT_DSN_EU_A"], "-c", text],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=30, check=False)
        if done.returncode:
            raise Failure(f"psql: {done.stdout}")
        return done.stdout.strip()

    def upstream_sessions(self):
        """Sessions of executors' role at the primary."""
        return int(self.sql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'writer'"))

    def stub(self):
        process = self.start([self.folder / "load_upstream", self.port(STUB_PORT), CLUSTER_NAME],
                             preexec_fn=with_descriptors(self.descriptors))
        if not wait_until(lambda: process.poll() is not None or self.stub_statistics(True), START_TIMEOUT):
            raise Failure("the stub of an upstream does not answer")
        if process.poll() is not None:
            raise Failure("the stub of an upstream did not start")
        return process

    def stub_statistics(self, may_fail=False):
        body = b"\0\3\0\0user\0load\0database\0statistics\0\0"
        try:
            with socket.create_connection(("127.0.0.1", self.port(STUB_PORT)), timeout=5) as connection:
                connection.sendall((len(body) + 4).to_bytes(4, "big") + body)
                answer = b""
                while chunk := connection.recv(4096):
                    answer += chunk
            return json.loads(answer)
        except OSError:
            if may_fail:
                return None
            raise

    def gateway(self, descriptors=None, per_subject=20000, startup_timeout="10s"):
        self.gateways += 1
        folder = self.folder / f"gateway-{self.gateways}"
        folder.mkdir(mode=0o700)
        values = self.variables
        configuration = folder / "domicile.yaml"
        configuration.write_text(CONFIGURATION.format(
            tls=self.port(TLS_PORT), plain=self.port(PLAIN_PORT), admin=self.port(ADMIN_PORT), folder=folder,
            certificates=pathlib.Path(values["DOMICILE_TESTBED"]) / "certificates", issuer=values["DOMICILE_ISSUER"],
            primary=values["DIRECT_PORT_EU_A"], stub=self.port(STUB_PORT), cluster=CLUSTER_NAME,
            per_subject=per_subject, startup_timeout=startup_timeout))
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        environment["DOMICILE_PASSWORD_HEALTH"] = values["DOMICILE_PASSWORD_HEALTH"]
        with open(folder / "gateway.log", "ab") as log:
            process = self.start([self.binary, "serve", "--config", configuration], env=environment, cwd=folder,
                                 stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                 preexec_fn=with_descriptors(descriptors or self.descriptors))
        gateway = Gateway(process, folder, self.port(ADMIN_PORT))
        if not wait_until(lambda: process.poll() is not None or gateway.http("/readyz")[0] == 200, START_TIMEOUT):
            raise Failure(f"the gateway is not ready: {gateway.http('/readyz')}\n{gateway.notices()}")
        if process.poll() is not None:
            raise Failure(f"the gateway ended with status {process.returncode}:\n{gateway.notices()}")
        return gateway

    def client(self, transport, database, mode, count, per_second=0, most_at_login=0, deadline=60):
        authority = self.variables["DOMICILE_CA"] if transport == "tls" else "-"
        port = self.port(TLS_PORT if transport == "tls" else PLAIN_PORT)
        process = self.start(
            [self.folder / "load_client", port, database, "writer", self.token, authority, mode, count, per_second,
             most_at_login, deadline], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            preexec_fn=with_descriptors(self.descriptors))
        return Client(self, process)


class Client:
    """A program with many sessions; its first answer comes when each has an outcome."""

    def __init__(self, ground, process):
        self.ground = ground
        self.process = process

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise Failure(f"the sessions' program ended with status {self.process.wait()}")
        return json.loads(line)

    def order(self, word):
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()
        return self.answer()

    def close(self):
        """Ends its sessions by Terminate, then itself."""
        answer = self.order("close")
        self.process.wait(20)
        self.ground.children.remove(self.process)
        return answer


class Gateway:
    """The process, and what the kernel, its log and its endpoint say of it."""

    def __init__(self, process, folder, admin):
        self.process = process
        self.pid = process.pid
        self.folder = folder
        self.admin = admin

    def http(self, path, timeout=3):
        """Status (None where nothing answers), body and seconds."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        begun = time.monotonic()
        try:
            with opener.open(f"http://127.0.0.1:{self.admin}{path}", timeout=timeout) as answer:
                return answer.status, answer.read().decode(), time.monotonic() - begun
        except urllib.error.HTTPError as problem:
            return problem.code, problem.read().decode(errors="replace"), time.monotonic() - begun
        except (OSError, ValueError) as problem:
            return None, str(problem), time.monotonic() - begun

    def metrics(self):
        status, body, _ = self.http("/metrics")
        if status != 200:
            raise Failure(f"/metrics: {status} {body}")
        sums = {}
        for line in body.splitlines():
            if line and not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                sums[name.partition("{")[0]] = sums.get(name.partition("{")[0], 0.0) + float(value)
        return sums

    def notices(self, count=20):
        """The end of what it said on its standard error."""
        return "\n".join((self.folder / "gateway.log").read_text(errors="replace").splitlines()[-count:])

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def threads(self):
        return len(os.listdir(f"/proc/{self.pid}/task"))

    def pss(self):
        for line in pathlib.Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
        raise Failure("smaps_rollup has no Pss")

    def rss(self):
        return int(pathlib.Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def cpu_seconds(self):
        text = pathlib.Path(f"/proc/{self.pid}/stat").read_text()
        fields = text[text.rindex(")") + 2:].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def records(self):
        """Every record of its log, a line that has not ended left out."""
        found = []
        for segment in sorted((self.folder / "audit/segments").glob("*.jsonl")):
            for line in segment.read_bytes().split(b"\n")[:-1]:
                found.append(json.loads(line))
        return found
