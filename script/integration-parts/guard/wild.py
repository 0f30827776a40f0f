"""Statements that nobody wrote for this: PostgreSQL's own regression scripts, and what sqlsmith makes up.

Each runs twice: in a session that `egress` is forbidden to, in a transaction that is rolled back, and in one that nothing is
forbidden to. Nothing of the first may ever reach the far end; and what the second sends there must have been refused
in the first.
"""

import os
import pathlib
import random
import re
import shutil
import subprocess
import time

import corpus
import effects
import scripts
import session
from ground import FREE, NEAR, PEER, USER, WILD, Failure, say
from sources import Sources

GUARDED = corpus.rule_name("read_write", ["egress"])
# The session's own state, which the other does not have: what they do was judged where it was begun.
CONTROL = {"begin", "start", "commit", "end", "abort", "rollback", "savepoint", "release", "fetch", "move", "close", "deallocate"}
OPTIONS = "-c statement_timeout=3s -c lock_timeout=500ms -c client_min_messages=error"
PATIENCE = 20
# A session gets a new one in its place after so many statements.
TURNS = 400
# An object that changed a moment ago is known by the next look at the catalogue; this long the guard may be behind.
STALE_SECONDS = 15
# So long a lock that the scripts took may keep logins out once its session has ended.
LOCKED_SECONDS = 30
MODULES = ("postgres_fdw", "dblink", "file_fdw", "tablefunc", "adminpack", "xml2", "lo", "pgrowlocks", "citext", "hstore")
SMITH_QUERIES = 40


class Wild:
    """Counts what came of the statements."""

    def __init__(self, ground, seconds, seed):
        self.ground = ground
        self.until = time.monotonic() + seconds
        self.seconds = seconds
        self.seed = seed
        self.far = effects.FarEnd(ground)
        self.guarded = self.free = None
        self.turns = 0
        self.database = None
        self.counts = dict.fromkeys(("statements", "refused", "ran in the guarded session", "reached the far end from the free one",
                                     "refused once the catalogue was read anew"), 0)
        self.failures = []
        # What reached the far end before the guard knew of the change that made it do so (F-GRD-08).
        self.overtaken = []

    # Sessions.

    def begin(self, database):
        self.end()
        self.database = database
        self.far.news()

    def end(self):
        for live in (self.guarded, self.free):
            if live is not None:
                live.close()
        self.guarded = self.free = None
        self.turns = 0

    def sessions(self):
        self.turns += 1
        if self.guarded is None or self.turns % TURNS == 0:
            if self.guarded is not None:
                self.guarded.close()
            self.guarded = self.joined(GUARDED)
        if self.free is None:
            self.free = self.joined(FREE)
            self.far.news()

    def joined(self, rule):
        """A session by that rule. A script that locks what every login reads keeps the probes out as well: it ends first."""
        until = time.monotonic() + LOCKED_SECONDS
        while True:
            try:
                return self.ground.through(self.database, rule, OPTIONS, PATIENCE)
            except session.Ended as ended:
                if ended.sqlstate != "08001" or time.monotonic() > until:
                    raise
            if self.free is not None:
                self.free.close()
                self.free = None
            time.sleep(0.5)

    # One statement.

    def run(self, text, data="", keeps=True):
        """`keeps`: what it did in the free session stays."""
        self.sessions()
        self.counts["statements"] += 1
        is_control = scripts.first_word(text) in CONTROL
        refused, reached = (True, []) if is_control else self.in_guarded(text, data)
        if reached:
            self.judge_again(text, data, reached)
            refused = True
        self.counts["refused"] += refused and not is_control
        self.counts["ran in the guarded session"] += not refused
        reached = self.in_free(text, data, keeps)
        if not reached or is_control:
            return
        self.counts["reached the far end from the free one"] += 1
        if not refused:
            self.judge_again(text, data, reached)

    def judge_again(self, text, data, reached):
        """It was allowed: either the other session changed what it names a moment ago, or the guard missed it.

        The same session is asked again, so that nothing but the catalogue can make the difference.
        """
        if self.is_refused_later(text, data):
            self.counts["refused once the catalogue was read anew"] += 1
            self.overtaken.append(f"{reached[-1][-100:]}: {text[:300]}")
        else:
            self.failures.append(f"allowed, and it reaches the far end ({reached[-1][-100:]}): {text[:2000]}")

    def in_guarded(self, text, data):
        """Whether it was refused, and what the far end saw."""
        refused = False
        try:
            self.guarded.simple("BEGIN")
            refused = is_refusal(self.guarded.simple(text, data))
            if self.guarded.simple("ROLLBACK").state != "I":
                raise session.Ended("state")
        except session.Ended as ended:
            self.lose("guarded", ended, text)
        return refused, self.far.news()

    def in_free(self, text, data, keeps):
        try:
            if not keeps:
                self.free.simple("BEGIN")
            self.free.simple(text, data)
            if not keeps:
                self.free.simple("ROLLBACK")
        except session.Ended as ended:
            self.lose("free", ended, text)
        return self.far.news()

    def lose(self, name, ended, text):
        """A session ended: a statement may end its own, but not the gateway."""
        getattr(self, name).socket.close()
        setattr(self, name, None)
        self.ground.insist_on_gateway()
        if ended.sqlstate in ("hang", "closed"):
            self.failures.append(f"the {name} session {ended.sqlstate}: {text[:2000]}")

    def is_refused_later(self, text, data):
        until = time.monotonic() + STALE_SECONDS
        while time.monotonic() < until:
            if self.guarded is None:
                return False
            refused, _ = self.in_guarded(text, data)
            if refused:
                return True
            time.sleep(0.5)
        return False

    # PostgreSQL's own scripts.

    def run_scripts(self, until):
        source = postgresql_sources()
        modules = [source / "contrib" / name / "sql" / f"{name}.sql" for name in MODULES]
        core = sorted((source / "src/test/regress/sql").glob("*.sql"))
        if not core or not all(path.exists() for path in modules[:3]):
            raise Failure(f"there are no scripts in {source}")
        random.Random(self.seed).shuffle(core)
        first = source / "src/test/regress/sql/test_setup.sql"
        for path in (*modules, first, *(path for path in core if path != first)):
            if not path.exists():
                continue
            if time.monotonic() > until:
                return
            say(f"{path.name}: {self.summary()}")
            self.run_script(path.name, adapted(path.read_text(errors="replace"), self.ground.values(WILD)), until)

    def run_script(self, name, text, until):
        self.begin(WILD)
        if name in ("postgres_fdw.sql", "dblink.sql"):
            self.prepare_far_end(text)
        for statement, data in scripts.statements(text):
            if time.monotonic() > until:
                return
            if statement == "\\c":
                self.end()
                self.database = WILD
                continue
            self.run(statement, data)

    def prepare_far_end(self, text):
        """The tables that foreign tables of the script stand for."""
        self.far.admin.simple(f"GRANT CREATE ON DATABASE {PEER} TO {PEER}; GRANT CREATE ON SCHEMA public TO {PEER}; SET ROLE {PEER}")
        for statement, _ in scripts.statements(text.split("CREATE FOREIGN TABLE")[0]):
            if scripts.first_word(statement) in ("create", "insert", "alter", "analyze", "set"):
                self.far.admin.simple(statement)
        self.far.admin.simple("RESET ALL; RESET ROLE")
        self.far.news()

    # What sqlsmith makes up.

    def run_smith(self, until):
        self.begin("served_simple")
        seed = self.seed
        while time.monotonic() < until:
            text = smith(self.ground, self.database, seed)
            for statement, _ in scripts.statements(text):
                if time.monotonic() > until:
                    return
                self.run(statement, keeps=False)
            seed += 1
            say(f"sqlsmith: {self.summary()}")

    def summary(self):
        return ", ".join(f"{count} {what}" for what, count in self.counts.items())


def is_refusal(answer):
    return any(event[1] in ("42501", "42601", "54001") and ("forbids it" in event[3] or "gateway" in event[3] + event[2])
               for event in answer.errors)


def postgresql_sources():
    """PostgreSQL's sources, as `script/integration conformance` keeps them."""
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "domicile-conformance"
    found = sorted(cache.glob("postgresql-15.*/contrib"))
    return found[-1].parent if found else Sources(cache, True, say).fetch()


def adapted(text, values):
    """The scripts' connections lead back to their own database: here they lead to the far end."""
    port = values["@PEER_PORT@"]
    text = text.replace("current_setting('port')", f"'{port}'").replace("current_database()", f"'{PEER}'")
    text = text.replace("OPTIONS (dbname '", "OPTIONS (host '127.0.0.1', dbname '")
    text = text.replace("$$dbname='$$", f"$$host=127.0.0.1 user={PEER} dbname='$$")
    return re.sub(r"(CREATE USER MAPPING FOR (?:CURRENT_USER|public) SERVER (?:loopback|fdtest)\w*)(?:\s+OPTIONS \([^)]*\))?;",
                  rf"\1 OPTIONS (user '{PEER}', password_required 'false');", text)


def smith(ground, database, seed):
    """Statements of that seed; the database says which objects there are."""
    program = shutil.which("sqlsmith")
    if program is None:
        install()
        program = shutil.which("sqlsmith")
    target = f"host={ground.sockets} port={ground.testbed.port(NEAR)} dbname={database} user={USER}"
    done = subprocess.run([program, f"--target={target}", "--dry-run", f"--seed={seed}", f"--max-queries={SMITH_QUERIES}",
                           "--exclude-catalog"], stdin=subprocess.DEVNULL, text=True, errors="replace", timeout=120,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if not done.stdout.strip():
        raise Failure(f"sqlsmith made nothing up: {done.stderr.strip()[-300:]}")
    return done.stdout


def install():
    say("installing sqlsmith")
    done = subprocess.run(["apt-get", "-y", "-q", "install", "--no-install-recommends", "sqlsmith"], text=True,
                          env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise Failure(f"sqlsmith is not installed, and cannot be: {done.stdout.strip().splitlines()[-1]}")


def run(ground, seconds, seed):
    """What the run came to: counts and failures."""
    wild = Wild(ground, seconds, seed)
    begun = time.monotonic()
    try:
        wild.run_scripts(begun + seconds * 0.6)
        wild.run_smith(begun + seconds)
    finally:
        wild.end()
    ground.insist_on_gateway()
    if not wild.counts["reached the far end from the free one"]:
        wild.failures.append("nothing reached the far end from the free session: the run can see nothing")
    return wild
