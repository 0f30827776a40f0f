"""Where a testbed lives: its folder, its record of ports, secrets and processes, and its lock."""

import fcntl
import json
import os
import pathlib
import pwd
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

import processes

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
SERVER_USER = "postgres"
# Longest path a Unix socket's address holds is 107 bytes; this leaves room for the names below the folder.
SOCKET_FOLDER_LIMIT = 80
PORTS = {
    "orders-eu-a": 1, "orders-eu-b": 2, "orders-us-a": 3,
    "gateway": 32, "admin": 80, "issuer": 93, "issuer2": 94,
}
BASES = (6400, 7400, 8400, 9400, 16400, 17400)
SLOW_STOP_SECONDS = 3
SECRETS = ("superuser", "replicator", "analyst", "tester", "health", "issuer_client", "issuer_user")


class Failure(Exception):
    """Something a person must see: the message, and the end of a log where one tells more."""

    def __init__(self, message, log=None):
        super().__init__(message)
        self.log = log


def folder_of_testbed():
    given = os.environ.get("DOMICILE_TESTBED_DIR")
    return pathlib.Path(given).absolute() if given else REPOSITORY / ".testbed"


def boot_identifier():
    return pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def port_is_free(port, address="127.0.0.1"):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


class Testbed:
    """The record of one testbed. `record` is what `testbed.json` holds; every change is saved at once."""

    def __init__(self, folder):
        self.folder = folder
        self.file = folder / "testbed.json"
        self.record = None
        self.lock_descriptor = None
        self.saving = threading.RLock()

    # The lock keeps two calls from working on one testbed at a time. It is on the folder itself, so nothing is left.
    def lock(self, make=False):
        while True:
            if make:
                self.folder.mkdir(parents=True, exist_ok=True)
            try:
                descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
            except FileNotFoundError:
                return False
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            try:
                if os.stat(self.folder).st_ino == os.fstat(descriptor).st_ino:
                    self.lock_descriptor = descriptor
                    return True
            except FileNotFoundError:
                pass
            os.close(descriptor)

    def load(self):
        try:
            self.record = json.loads(self.file.read_text())
        except (FileNotFoundError, NotADirectoryError):
            self.record = None
        except ValueError as problem:
            raise Failure(f"{self.file} is damaged ({problem}); `script/testbed down` removes it") from problem
        return self.record is not None

    def insist_that_folder_is_ours(self):
        """`down` removes the folder whole: it must hold a testbed or nothing."""
        if not self.file.exists() and any(self.folder.iterdir()):
            raise Failure(f"{self.folder} holds other files and no testbed: give a folder of its own")

    def save(self):
        with self.saving:
            fresh = self.file.with_suffix(".new")
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w") as file:
                json.dump(self.record, file, indent=1)
            fresh.replace(self.file)

    def create(self):
        self.record = {
            "boot": boot_identifier(), "base": self.choose_base(), "processes": {}, "tokens": {},
            "secrets": {name: secrets.token_hex(16) for name in SECRETS},
            "user": SERVER_USER if os.geteuid() == 0 else None, "outside": [],
        }
        self.save()
        for name in ("log", "certificates", "issuer2", "audit", "state"):
            (self.folder / name).mkdir(exist_ok=True)
        self.record["data"] = self.reachable_folder("data")
        self.record["run"] = self.short_folder("run")
        self.save()

    def choose_base(self):
        given = os.environ.get("DOMICILE_TESTBED_PORT")
        if given is not None:
            if not given.isdigit() or not 1024 <= int(given) <= 65000:
                raise Failure(f"DOMICILE_TESTBED_PORT={given}: expected a port from 1024 to 65000")
            taken = self.taken_ports(int(given))
            if taken:
                raise Failure(f"DOMICILE_TESTBED_PORT={given}: something listens on {', '.join(taken)} already")
            return int(given)
        for base in BASES:
            if not self.taken_ports(base):
                return base
        raise Failure("no free ports found: set DOMICILE_TESTBED_PORT to a base with a hundred free ports above it")

    @staticmethod
    def taken_ports(base):
        return [f"127.0.0.1:{base + offset}" for offset in PORTS.values() if not port_is_free(base + offset)]

    def reachable_folder(self, name):
        """A folder that PostgreSQL's user can use: in the testbed's, or in /tmp where a parent is closed to it."""
        folder = self.folder / name
        user = self.record["user"]
        if user is not None:
            try:
                account = pwd.getpwnam(user)
            except KeyError:
                raise Failure(f"there is no user {user}: script/setup installs PostgreSQL, which makes it") from None
            test = subprocess.run(["/usr/bin/test", "-x", self.folder], user=user, group=account.pw_gid,
                                  extra_groups=[], cwd="/", check=False)
            if test.returncode != 0:
                folder = pathlib.Path(tempfile.mkdtemp(prefix="domicile-testbed."))
                self.record["outside"].append(str(folder))
                self.save()
            folder.mkdir(exist_ok=True)
            os.chown(folder, account.pw_uid, account.pw_gid)
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
        return str(folder)

    def short_folder(self, name):
        folder = self.folder / name
        if len(str(folder)) > SOCKET_FOLDER_LIMIT:
            folder = pathlib.Path(tempfile.mkdtemp(prefix="domicile-testbed."))
            self.record["outside"].append(str(folder))
        folder.mkdir(exist_ok=True)
        return str(folder)

    def remove(self):
        for folder in [*self.record["outside"], self.folder] if self.record else [self.folder]:
            shutil.rmtree(folder, ignore_errors=True)
        if self.folder.exists():
            raise Failure(f"{self.folder} could not be removed whole")

    def is_of_this_boot(self):
        return self.record["boot"] == boot_identifier()

    def port(self, name):
        """Its own, unless `move` gave it another."""
        moved = self.record.get("moved", {})
        return moved[name] if name in moved else self.record["base"] + PORTS[name]

    def move(self, name, port):
        """Gives a server another port, once it is configured anew; None: its own again."""
        moved = self.record.setdefault("moved", {})
        moved.pop(name, None)
        if port is not None:
            moved[name] = port
        self.save()

    def secret(self, name):
        return self.record["secrets"][name]

    @property
    def data(self):
        return pathlib.Path(self.record["data"])

    @property
    def run(self):
        return pathlib.Path(self.record["run"])

    @property
    def certificates(self):
        return self.folder / "certificates"

    def log(self, name):
        return self.folder / "log" / f"{name}.log"

    @property
    def issuer(self):
        return f"http://127.0.0.1:{self.port('issuer')}/api/oidc"

    @property
    def issuer2(self):
        return f"http://127.0.0.1:{self.port('issuer2')}"

    # Processes, by their names in the record.
    def start(self, name, command, environment, user=None, cwd=None):
        process = processes.start(command, environment, self.log(name), user=user, cwd=cwd or self.folder)
        with self.saving:
            self.record["processes"][name] = processes.identity(process.pid)
            self.save()
        return process

    def pid(self, name):
        """The process's id, or None where it does not run (or that id belongs to another by now)."""
        known = self.record["processes"].get(name)
        if known is None or not self.is_of_this_boot() or not processes.is_alive(known):
            return None
        return known["pid"]

    def stop(self, name, signal, patience):
        known = self.record["processes"].get(name)
        if known is not None and self.is_of_this_boot():
            begun = time.monotonic()
            processes.stop(known, signal, patience)
            if time.monotonic() - begun > SLOW_STOP_SECONDS:
                say(f"testbed: {name} took {time.monotonic() - begun:.1f} s to end")


def say(text):
    print(text, file=sys.stderr, flush=True)
