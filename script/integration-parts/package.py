#!/usr/bin/python3
"""The Debian package, installed on a clean Debian and used there."""

import argparse
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

DESCRIPTION = """\
Installs the package of `script/package` into a Debian of its own (debootstrap, variant minbase, in a temporary folder; a
tar file of it is kept in --cache), sees that it starts nothing by itself, and runs the gateway there as systemd would: as a
user without rights in the group `domicile-config`, told by sd_notify when it may be used. The servers and the issuer are those of the
testbed (script/testbed up). Then: /livez, /readyz, a query by psql and its record, a drain, removal and purge, which leave the
log. Needs root, debootstrap, and Debian's packages.
"""

USER = 61234
SUITE = "bookworm"
MIRROR = "http://deb.debian.org/debian"
WAIT = 30

failures = []


def say(text):
    print(f"package: {text}", flush=True)


def expect(held, what):
    say(f"{'ok  ' if held else 'FAIL'} {what}")
    if not held:
        failures.append(what)


def run(*words, **settings):
    answer = subprocess.run([str(word) for word in words], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            check=False, **settings)
    if answer.returncode:
        raise SystemExit(f"package: {' '.join(map(str, words))}: status {answer.returncode}\n{answer.stdout[-4000:]}")
    return answer.stdout


def testbed():
    """What `script/testbed env` says."""
    answer = subprocess.run([ROOT / "script/testbed", "env"], check=False, text=True, stdout=subprocess.PIPE)
    if answer.returncode:
        sys.exit("package: there is no testbed: script/testbed up")
    words = (line.removeprefix("export ").split("=", 1) for line in answer.stdout.splitlines() if "=" in line)
    return {name: value.strip("'\"") for name, value in words}


class Debian:
    """A root of its own; what it mounts it unmounts."""

    def __init__(self, folder, cache):
        self.root = folder / "root"
        cache.mkdir(parents=True, exist_ok=True)
        kept = cache / f"{SUITE}.tar"
        if not kept.exists():
            say(f"debootstrap {SUITE}, kept in {kept}")
            run("debootstrap", "--variant=minbase", SUITE, self.root, MIRROR)
            run("tar", "--create", "--file", f"{kept}.new", "--directory", self.root, ".")
            os.rename(f"{kept}.new", kept)
        else:
            self.root.mkdir()
            run("tar", "--extract", "--file", kept, "--directory", self.root)
        shutil.copyfile("/etc/resolv.conf", self.root / "etc/resolv.conf")
        policy = self.root / "usr/sbin/policy-rc.d"
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
        run("mount", "-t", "proc", "proc", self.root / "proc")

    def close(self):
        subprocess.run(["umount", self.root / "proc"], check=False)

    def run(self, *words):
        return run("chroot", self.root, *words, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C.UTF-8",
                                                     "DEBIAN_FRONTEND": "noninteractive"})

    def path(self, name):
        return self.root / name.lstrip("/")


def install(debian, package):
    shutil.copyfile(package, debian.path("/tmp/domicile.deb"))
    debian.run("apt-get", "-q", "update")
    debian.run("apt-get", "-y", "-q", "install", "--no-install-recommends", "/tmp/domicile.deb")
    version = debian.run("domicile", "--version").strip()
    expect(re.fullmatch(r"\d+\.\d+\.\d+", version), f"domicile --version says {version}")
    libraries = debian.run("ldd", "/usr/bin/domicile")
    expect("not found" not in libraries and "swift" not in libraries, "its libraries are Debian's, the Swift runtime is in it")
    for name in ("lib/systemd/system/domicile.service", "lib/systemd/system/domicile.socket",
                 "usr/share/bash-completion/completions/domicile",
                 "usr/share/zsh/vendor-completions/_domicile", "usr/share/doc/domicile/copyright"):
        expect(debian.path(name).exists(), name)
    expect(set(debian.run("dpkg-query", "-W", "-f", "${Conffiles}", "domicile").split()[::2]) ==
           {"/etc/default/domicile", "/etc/domicile/domicile.yaml"}, "its conffiles are the configuration and the environment")
    group = debian.run("getent", "group", "domicile-config").split(":")[2]
    stat = debian.path("/etc/domicile").stat()
    expect((stat.st_gid, stat.st_mode & 0o777) == (int(group), 0o750), "/etc/domicile is the group's to read, and nobody else's")
    expect(not list(debian.path("/etc/systemd/system").rglob("domicile.*")), "neither the service nor its socket is enabled")
    answer = subprocess.run(["chroot", debian.root, "domicile", "check", "--config", "/etc/domicile/domicile.yaml"], text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    lacking = [line for line in answer.stdout.splitlines() if ": mistake: " in line]
    expect(answer.returncode == 78 and lacking and all("there is none at" in line or "cannot be used" in line for line in lacking),
           f"the configuration as installed lacks files ({len(lacking)}), and nothing else")
    return int(group)


def own(path, group):
    os.chown(path, 0, group)
    path.chmod(0o640 if path.is_file() else 0o750)


def configure(debian, group, values, ports):
    """The testbed's configuration, as an administrator would put it there."""
    source = pathlib.Path(values["DOMICILE_CONFIG"])
    text = source.read_text()
    text = re.sub(r"\n  - unix:.*", "", text)
    text = re.sub(r"\n  socket:.*", "", text)
    text = text.replace(f":{values['DOMICILE_PORT']}\"", f":{ports[0]}\"").replace(f"address: {values['DOMICILE_ADMIN']}",
                                                                                 f"address: 127.0.0.1:{ports[1]}")
    text = text.replace("state: state", "state: /var/lib/domicile/state").replace("audit: audit/", "audit: /var/lib/domicile/audit/")
    text = re.sub(r"\bkey: audit\.key\b", "key: /var/lib/domicile/audit.key", text)
    debian.path("/etc/domicile/domicile.yaml").write_text(text)
    own(debian.path("/etc/domicile/domicile.yaml"), group)
    certificates = debian.path("/etc/domicile/certificates")
    shutil.copytree(source.parent / "certificates", certificates)
    for path in [certificates, *certificates.rglob("*")]:
        own(path, group)
    # As StateDirectory= makes it.
    state = debian.path("/var/lib/domicile")
    state.mkdir(mode=0o700, exist_ok=True)
    os.chown(state, USER, USER)


class Service:
    """The gateway as domicile.service would start it."""

    def __init__(self, debian, group, values):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        path = debian.path("/run/notify")
        self.socket.bind(str(path))
        path.chmod(0o777)
        environment = {name: value for name, value in values.items() if name.startswith("DOMICILE_PASSWORD_")}
        environment.update({"PATH": "/usr/sbin:/usr/bin:/bin", "NOTIFY_SOCKET": "/run/notify", "WATCHDOG_USEC": "3000000"})
        self.words = ["/usr/sbin/chroot", f"--userspec={USER}:{USER}", f"--groups={group}", str(debian.root), "/usr/bin/domicile"]
        self.environment = environment
        run(*self.words, "audit", "init", "--config", "/etc/domicile/domicile.yaml", env=environment)
        # Not its parent: signals reach the gateway itself.
        self.calls = debian.path("/tmp/calls")
        strace = ["strace", "-D", "-f", "-qq", "-o", str(self.calls)] if shutil.which("strace") else []
        self.log = open(debian.path("/tmp/gateway.log"), "w+", encoding="utf-8")
        self.process = subprocess.Popen([*strace, *self.words, "serve", "--config", "/etc/domicile/domicile.yaml"], env=environment,
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def hear(self, text):
        deadline = time.monotonic() + WAIT
        while time.monotonic() < deadline and self.process.poll() is None:
            self.socket.settimeout(0.5)
            try:
                if text in self.socket.recv(4096).decode():
                    return True
            except TimeoutError:
                continue
        self.log.flush()
        self.log.seek(0)
        say(f"the gateway's log: {self.log.read()[-3000:]}")
        return False

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(WAIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


def filtered(name):
    """The system calls of a set of systemd's, with those of the sets in it."""
    calls = set()
    for line in run("systemd-analyze", "syscall-filter", name).splitlines()[1:]:
        word = line.strip()
        if word.startswith("@"):
            calls |= filtered(word)
        elif word and not word.startswith("#"):
            calls.add(word)
    return calls


def look_at_calls(service):
    """What the unit's SystemCallFilter= would not have let the gateway do."""
    if not service.calls.exists():
        say("no strace: the system calls were not compared with the unit's filter")
        return
    text = service.calls.read_text(errors="replace")
    own = text[text.index('execve("/usr/bin/domicile"'):]
    made = set(re.findall(r"^\d+ +(\w+)\(", own, re.MULTILINE))
    unit = (ROOT / "script/package-parts/domicile.service").read_text()
    allowed = set()
    for entry in re.findall(r"^SystemCallFilter=(~?)(.+)$", unit, re.MULTILINE):
        for name in entry[1].split():
            allowed = allowed - filtered(name) if entry[0] else allowed | filtered(name)
    expect(len(made) > 30 and not made - allowed, f"the unit's filter has its {len(made)} system calls {sorted(made - allowed) or ''}")
    families = set(re.findall(r"\bsocket\((AF_\w+)", own))
    permitted = set(re.search(r"^RestrictAddressFamilies=(.+)$", unit, re.MULTILINE)[1].split())
    expect(families and families <= permitted, f"and its address families: {' '.join(sorted(families))}")


def asked(address, page):
    deadline = time.monotonic() + WAIT
    while True:
        try:
            with urllib.request.urlopen(f"http://{address}{page}", timeout=5) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            status = error.code
        except OSError:
            status = 0
        if time.monotonic() > deadline:
            return status
        time.sleep(0.2)


def free_ports():
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def use(debian, group, values):
    ports = free_ports()
    configure(debian, group, values, ports)
    service = Service(debian, group, values)
    try:
        expect(service.hear("READY=1"), f"started as user {USER}, it says READY=1")
        expect(service.hear("WATCHDOG=1"), "and WATCHDOG=1")
        address = f"127.0.0.1:{ports[1]}"
        expect(asked(address, "/livez") == 200, "/livez is 200")
        expect(asked(address, "/readyz") == 200, "/readyz is 200")
        dsn = (f"host={values['DOMICILE_HOST']} port={ports[0]} dbname=orders user=analyst sslmode=verify-full "
               f"sslrootcert={values['DOMICILE_CA']}")
        sql = "SELECT count(*) FROM customers"
        answer = subprocess.run(["psql", "-X", "-At", dsn, "-c", sql], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                check=False, env={**os.environ, "PGPASSWORD": values["DOMICILE_TOKEN_EU_ANALYST"]})
        expect(answer.returncode == 0 and answer.stdout.strip().isdigit(), f"psql is answered: {answer.stdout.strip()}")
        records = [json.loads(line) for path in
                   sorted(debian.path("/var/lib/domicile/audit/eu-west-1/segments").glob("*.jsonl"))
                   for line in path.read_text().splitlines()]
        expect([record.get("sql") for record in records if record["type"] == "query"] == [sql], "and its query is in the log")
        answer = run(*service.words, "reload", "--config", "/etc/domicile/domicile.yaml", env=service.environment)
        expect("policy" in answer, "what ExecReload= does is answered")
        expect(service.hear("RELOADING=1"), "and said to systemd")
    finally:
        expect(service.end() == 0, "SIGTERM drains it, status 0")
    look_at_calls(service)
    verified = run(*service.words, "audit", "verify", "--config", "/etc/domicile/domicile.yaml", "/var/lib/domicile/audit/eu-west-1",
                   env=service.environment)
    expect("records" in verified, f"its log verifies: {verified.strip().splitlines()[-1]}")


def remove(debian):
    debian.run("apt-get", "-y", "-q", "purge", "domicile")
    expect(not debian.path("/usr/bin/domicile").exists(), "a purge removes the program")
    expect(not debian.path("/etc/domicile/domicile.yaml").exists(), "and the configuration")
    expect(list(debian.path("/var/lib/domicile/audit").rglob("*.jsonl")), "and leaves the log")


def main():
    parser = argparse.ArgumentParser(prog="script/integration package", description=DESCRIPTION,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", type=pathlib.Path, help="the .deb; default: the newest in .build-package")
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "domicile/debian"
    parser.add_argument("--cache", type=pathlib.Path, default=cache, help=f"default: {cache}")
    options = parser.parse_args()
    if os.getuid() != 0 or not shutil.which("debootstrap"):
        sys.exit("package: this needs root and debootstrap (apt-get install debootstrap)")
    made = sorted((ROOT / ".build-package").glob("domicile_*.deb"), key=lambda path: path.stat().st_mtime)
    package = options.package or (made[-1] if made else None)
    if package is None:
        sys.exit("package: there is no package: script/package")
    values = testbed()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="domicile-debian-"))
    folder.chmod(0o755)
    debian = Debian(folder, options.cache)
    try:
        group = install(debian, package)
        use(debian, group, values)
        remove(debian)
    finally:
        debian.close()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"package: {len(failures) or 'no'} failures" + "".join(f"\n  {one}" for one in failures))
    return 1 if failures else 0


sys.exit(main())
