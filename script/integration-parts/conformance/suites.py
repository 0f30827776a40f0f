"""The suites: each runs one way and gives what every test of it said, as text that is compared with the other way's."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import xml.etree.ElementTree as tree

from ground import DATABASE, ROLE, Failure

HERE = pathlib.Path(__file__).resolve().parent
EXTENSIONS = pathlib.Path("/usr/share/postgresql/15/extension")
# Seconds after which a suite counts as hanging, and after which isolationtester gives up on one step.
PATIENCE = 1500
STEP_PATIENCE = 20
# What a hanging or crashed test leaves in place of its result.
NO_RESULT = "(no result)"
# Modules whose tests want a server of their own configuration, or none of SQL.
NOT_HERE = {"basic_archive", "pg_freespacemap", "pg_stat_statements", "pg_walinspect", "test_decoding", "sepgsql",
            "passwordcheck"}


def run(command, environment, folder, patience=PATIENCE):
    """The exit status and all that was said; -1 for a suite that had to be ended."""
    with subprocess.Popen(list(map(str, command)), cwd=folder, env=environment, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace",
                          start_new_session=True) as process:
        try:
            said = process.communicate(timeout=patience)[0]
            return process.returncode, said
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return -1, process.communicate()[0] + f"\nended after {patience} s\n"
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise


def names_in(schedule):
    return [name for line in schedule.read_text().splitlines() if line.startswith("test:") for name in line.split()[1:]]


class Suite:
    """`prepare` once, then `run` each way in a folder that the server's account can read and write."""

    name = ""
    version = ""
    # How many tests must have run, and passed where a test can say so, for the comparison to mean something.
    least = 1
    # How often what differs runs again direct, to see whether it says there too what it said through the gateway.
    repeats = 1

    def meant(self, found):
        return sum(not text.startswith(NO_RESULT) for text in found.values())

    def prepare(self, sources):
        raise NotImplementedError

    def parts(self):
        """Runs between which the database is made anew."""
        return [None]

    def run(self, part, way, folder, only=None):
        """`only` names the tests that are wanted; a suite whose tests need each other runs all of them."""
        raise NotImplementedError


class Regress(Suite):
    """What pg_regress runs: SQL files with psql, or an isolation suite's specifications."""

    programs = "src/test/regress"
    runner = "pg_regress"

    def prepare(self, sources):
        self.source = sources.postgresql()
        self.version = self.source.name.removeprefix("postgresql-")

    def prepare_folder(self, folder, inputs, results=True):
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("sql", "expected", "data", "specs"):
            if (inputs / name).is_dir():
                shutil.copytree(inputs / name, folder / name, dirs_exist_ok=True)
        for library in (self.source / "src/test/regress").glob("*.so"):
            shutil.copy2(library, folder)
        if results:
            shutil.rmtree(folder / "results", ignore_errors=True)
            (folder / "results").mkdir()
            (folder / "testtablespace").mkdir(exist_ok=True)
        # The server's own account reads the data and writes results of COPY ... TO.
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o777 if path.is_dir() or path.suffix == ".so" else 0o666)

    def regress(self, way, folder, tests, options):
        environment = {**way.environment(), "PGISOLATIONTIMEOUT": str(STEP_PATIENCE)}
        bindir = self.source / "programs"
        command = [self.source / self.programs / self.runner, f"--bindir={bindir}", f"--inputdir={folder}",
                   f"--outputdir={folder}", f"--dlpath={folder}", "--use-existing", f"--dbname={DATABASE}",
                   f"--user={ROLE}", "--max-connections=1", *options, *tests]
        status, said = run(["nice", *command], environment, folder)
        if status == 2 or "test " not in said:
            raise Failure(f"{self.runner} failed: {said.strip()}")
        return said

    def results(self, folder, names):
        found = {}
        for name in names:
            file = folder / "results" / f"{name}.out"
            found[name] = file.read_text(errors="surrogateescape") if file.exists() else NO_RESULT
        return found


class Core(Regress):
    name = "regress"
    least = 217

    def run(self, part, way, folder, only=None):
        inputs = self.source / "src/test/regress"
        self.prepare_folder(folder, inputs)
        schedule = inputs / "parallel_schedule"
        self.regress(way, folder, [], [f"--schedule={schedule}"])
        return self.results(folder, names_in(schedule))


class Isolation(Regress):
    name = "isolation"
    least = 115
    programs = "src/test/isolation"
    runner = "pg_isolation_regress"

    def run(self, part, way, folder, only=None):
        inputs = self.source / "src/test/isolation"
        self.prepare_folder(folder, inputs)
        schedule = inputs / "isolation_schedule"
        self.regress(way, folder, [], [f"--schedule={schedule}"])
        return self.results(folder, names_in(schedule))


class Modules(Regress):
    """The tests of PL/pgSQL and of each contrib module that the server has, each in a new database."""

    name = "contrib"
    least = 100

    def parts(self):
        return sorted(self.modules)

    def prepare(self, sources):
        super().prepare(sources)
        self.modules = {}
        for folder in (self.source / "src/pl/plpgsql/src", *sorted((self.source / "contrib").iterdir())):
            if folder.name in NOT_HERE or not (folder / "sql").is_dir():
                continue
            name = "plpgsql" if folder.name == "src" else folder.name
            if not any((EXTENSIONS / f"{file.stem}.control").exists() for file in folder.glob("*.control")):
                continue
            wanted = subprocess.run(["make", "-s", "-C", folder, "--eval",
                                     "what-tests: ; @echo $(REGRESS) '|' $(REGRESS_OPTS)", "what-tests"],
                                    text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout
            tests, _, options = wanted.partition("|")
            extensions = [word for word in options.split() if word.startswith("--load-extension")]
            self.modules[name] = (folder, tests.split(), extensions)

    def run(self, part, way, folder, only=None):
        inputs, tests, extensions = self.modules[part]
        # Generated expectations and the like are of no use here: only what the tests say is compared.
        folder = folder / part
        if only is not None and not any(name.startswith(f"{part}/") for name in only):
            return {}
        self.prepare_folder(folder, inputs)
        self.regress(way, folder, tests, extensions)
        return {f"{part}/{name}": text for name, text in self.results(folder, tests).items()}


class Pipeline(Suite):
    """libpq_pipeline, with libpq's own trace of every message."""

    name = "libpq_pipeline"
    least = 11
    rows = "700"

    def prepare(self, sources):
        self.source = sources.postgresql()
        self.program = self.source / "src/test/modules/libpq_pipeline/libpq_pipeline"
        self.version = self.source.name.removeprefix("postgresql-")
        self.tests = subprocess.run([self.program, "tests"], text=True, stdout=subprocess.PIPE, check=True).stdout.split()

    def run(self, part, way, folder, only=None):
        found = {}
        for name in only or self.tests:
            trace = folder / f"{name}.trace"
            status, said = run(["nice", self.program, "-r", self.rows, "-t", trace, name, f"dbname={DATABASE}"],
                               way.environment(), folder, patience=60)
            messages = trace.read_text() if trace.exists() else ""
            if name == "pipelined_insert":
                # How many messages go out before the first answer is read is a matter of time.
                messages = "".join(sorted(messages.splitlines(keepends=True)))
            elif name == "uniqviol":
                # It sends until its socket is full: how many rows that is differs from run to run.
                said, messages = ("\n".join(dict.fromkeys(re.sub(r"\d+", "#", text.replace(".", "")).splitlines()))
                                  for text in (said, "".join(sorted(messages.splitlines(keepends=True)))))
            found[name] = f"exit status {status}\n{said}{messages}"
        return found


class Driver(Suite):
    """A driver's own tests, run by pytest."""

    repeats = 8

    def __init__(self, name, tests, least):
        self.name = name
        self.tests = tests
        self.least = least

    def meant(self, found):
        return sum(text == "passed" for text in found.values())

    def prepare(self, sources):
        self.folder = sources.driver(self.name)
        self.python = sources.python
        self.version = self.folder.name.partition("-")[2]

    def run(self, part, way, folder, only=None):
        report = folder / f"{self.name}.xml"
        report.unlink(missing_ok=True)
        environment = {**way.environment(), "CONFORMANCE_DRIVER": self.name, "PYTHONPATH": str(HERE / "drivers"),
                       "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0", "PSYCOPG2_TESTDB": DATABASE,
                       "CONFORMANCE_ONLY": "\n".join(only or [])}
        command = [self.python, "-m", "pytest", "-q", "-p", "conformance_driver", "-p", "no:cacheprovider",
                   f"--junitxml={report}", "--tb=line", "-o", "junit_logging=no", self.tests]
        _, said = run(["nice", *command], environment, self.folder)
        if not report.exists():
            return {"(whole suite)": f"{NO_RESULT}\n" + "\n".join(said.splitlines()[-20:])}
        return dict(self.cases(report))

    def cases(self, report):
        for case in tree.parse(report).iter("testcase"):
            name = f"{case.get('classname')}.{case.get('name')}"
            said = []
            for child in case:
                if child.tag in ("failure", "error", "skipped"):
                    said.append(f"{child.tag}: {plain(child.get('message') or '')}")
            yield name, "\n".join(said) or "passed"


def plain(text):
    """An exception's text without what is new in each run: addresses, times, ports, process ids."""
    for pattern, instead in ((r"0x[0-9a-f]{6,}", "0x…"), (r"\d+\.\d{4,}", "#.#"), (r"(?<=port )\d+|(?<=:)\d{4,5}\b", "…")):
        text = re.sub(pattern, instead, text)
    return text

