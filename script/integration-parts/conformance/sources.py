"""Fetches the sources of the suites from Debian and PyPI and builds what runs them; a cache, outside of the repository."""

import os
import pathlib
import re
import shutil
import subprocess

from ground import Failure

SIGNED_BY = "/usr/share/keyrings/debian-archive-keyring.gpg"
ARCHIVES = (("http://deb.debian.org/debian", "bookworm"), ("http://deb.debian.org/debian-security", "bookworm-security"))
PACKAGE = "postgresql-15"
CONFIGURE = ("--without-readline", "--without-zlib", "--with-openssl")
# In this order: each needs those before it.
BUILT = ("src/common", "src/port", "src/interfaces/libpq", "src/fe_utils", "src/bin/psql", "src/test/regress",
         "src/test/isolation", "src/test/modules/libpq_pipeline")
# A driver's distribution on PyPI, its version, and what its tests need beside it.
DRIVERS = {"psycopg2": ("2.9.10", ("pytest",)), "asyncpg": ("0.32.0", ("pytest", "distro")),
           "pg8000": ("1.31.6", ("pytest", "pytz"))}


class Sources:
    """`folder` is the cache: what is in it is used again. `may_install` allows apt-get and pip."""

    def __init__(self, folder, may_install, say):
        self.folder = folder
        self.may_install = may_install
        self.say = say
        self.python = folder / "venv/bin/python"
        folder.mkdir(parents=True, exist_ok=True)

    def postgresql(self):
        """The folder of PostgreSQL's sources, built as far as the suites need it."""
        built = sorted(self.folder.glob("postgresql-15.*/.built"))
        if not built:
            self.insist("PostgreSQL's sources")
            built = [self.build(self.fetch())]
        return built[-1].parent

    def insist(self, what):
        if not self.may_install:
            raise Failure(f"{what} are not in the cache, and --no-install is set")

    def fetch(self):
        """apt-get with lists and a cache of its own: the machine's sources stay as they are."""
        apt = self.folder / "apt"
        for name in ("lists/partial", "cache/archives/partial"):
            (apt / name).mkdir(parents=True, exist_ok=True)
        (apt / "own.list").write_text("".join(
            f"deb-src [signed-by={SIGNED_BY}] {address} {suite} main\n" for address, suite in ARCHIVES))
        settings = [option for value in (
            f"Dir::Etc::sourcelist={apt}/own.list", "Dir::Etc::sourceparts=/dev/null", f"Dir::State::Lists={apt}/lists",
            f"Dir::Cache={apt}/cache", "APT::Sandbox::User=root", "Dpkg::Use-Pty=0") for option in ("-o", value)]
        self.say(f"fetching the sources of {PACKAGE}")
        self.check(["apt-get", "-q", *settings, "update"])
        listed = self.check(["apt-cache", *settings, "showsrc", PACKAGE])
        versions = sorted(set(re.findall(rf"^Package: {PACKAGE}\n(?:.*\n)*?Version: (\S+)", listed, re.MULTILINE)),
                          key=lambda version: [int(number) for number in re.findall(r"\d+", version)], reverse=True)
        for version in versions:
            # An archive's mirror may lack the newest: the one before it serves as well.
            try:
                self.check(["apt-get", "-q", *settings, "source", "--download-only", f"{PACKAGE}={version}"],
                           cwd=self.folder)
            except Failure as problem:
                self.say(f"{PACKAGE} {version} is not to be had: {str(problem).splitlines()[-1]}")
                continue
            plain = version.split("-")[0]
            self.check(["tar", "-xf", f"{PACKAGE}_{plain}.orig.tar.bz2"], cwd=self.folder)
            return self.folder / f"postgresql-{plain}"
        raise Failure(f"no source package of {PACKAGE}")

    def build(self, source):
        self.say(f"building the test programs of {source.name}")
        self.check(["nice", "./configure", f"--prefix={self.folder / 'nothing'}", *CONFIGURE], cwd=source)
        jobs = f"-j{os.cpu_count() or 1}"
        self.check(["nice", "make", "-s", jobs, "-C", "src/backend", "generated-headers"], cwd=source)
        for part in BUILT:
            self.check(["nice", "make", "-s", jobs, "-C", part, "all"], cwd=source)
        programs = source / "programs"
        programs.mkdir(exist_ok=True)
        shutil.copy2(source / "src/bin/psql/psql", programs)
        (source / ".built").touch()
        return source / ".built"

    def driver(self, name):
        """The folder with a driver's tests, and the driver in the virtual environment."""
        version, needs = DRIVERS[name]
        tests = self.folder / f"{name}-{version}"
        mark = tests / ".installed"
        if not mark.exists() or mark.read_text() != " ".join(needs):
            self.insist(f"{name}'s tests")
            if not self.python.exists():
                self.check(["/usr/bin/python3", "-m", "venv", self.python.parent.parent])
            self.say(f"fetching {name} {version} and its tests")
            pip = [self.python, "-m", "pip", "-q", "--disable-pip-version-check"]
            self.check([*pip, "install", f"{name}=={version}", *needs])
            self.check([*pip, "download", "--no-deps", "--no-binary", name, "-d", self.folder, f"{name}=={version}"])
            self.check(["tar", "-xf", f"{name}-{version}.tar.gz"], cwd=self.folder)
            # The driver that is installed is to be tested, not a folder beside the tests.
            for package in (tests / name, tests / "src" / name):
                shutil.rmtree(package, ignore_errors=True)
            mark.write_text(" ".join(needs))
        return tests

    def check(self, command, cwd=None):
        done = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False, cwd=cwd, errors="replace")
        if done.returncode:
            raise Failure(f"{pathlib.Path(command[0]).name} failed: {' / '.join(done.stdout.strip().splitlines()[-4:])}")
        return done.stdout
