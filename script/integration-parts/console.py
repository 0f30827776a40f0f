#!/usr/bin/python3
"""The gateway's own database under other people's programs."""

import argparse
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PORT = "7560"

DESCRIPTION = """\
Asks the database `domicile` of the testbed's gateway what clients ask it: each of psql's \\d commands, a SELECT over each table, what
Debian's drivers do (psycopg2, psycopg, asyncpg, pgjdbc: those that are installed, the others are named), each getter of JDBC's
DatabaseMetaData among it. Afterwards the log must hold a record of each statement that psql sent. Starts a testbed of its own where none is up.
"""

# psql 15's \d commands, as far as they may have an S behind them, and those that may not.
DESCRIBING = ("d da db dc dC dconfig dd dD ddp dE di dm ds dt dv dtvmsE des det deu dew df dfa dfn dfp dft dfw dg dl dL dn do dO dp dRp dRs "
              "drds dT du dx dX dy").split()
PLAIN = "dA dAc dAf dAo dAp dF dFd dFp dFt dP dPi dPt dPn dPitn l".split()
COMMANDS = [
    *[f"\\{name}{tail}" for name in DESCRIBING for tail in ("", "+", "S+", " r*", "S pg_*", "+ nothing")],
    *[f"\\{name}{tail}" for name in PLAIN for tail in ("", "+", " r*", "+ nothing")],
    r"\z", r"\z r*", r"\d records", r"\d+ sessions", r"\d public.records", r"\x",
]
TABLES = ["records", "sessions", "replicas", "issuers", "rules", "checkpoints", "log"]
DRIVERS = {
    "psycopg2": """
import psycopg2
with psycopg2.connect(dsn) as connection, connection.cursor() as cursor:
    cursor.execute("SELECT seq, type FROM records WHERE seq >= %s ORDER BY seq LIMIT %s", (0, 1))
    print(cursor.fetchall())
    def rows(sql, *values):
        cursor.execute(sql.replace("$1", "%s").replace("$2", "%s"), values)
        return cursor.fetchall()
    check(rows)
""",
    "psycopg": """
import psycopg
with psycopg.connect(dsn) as connection:
    print(connection.execute("SELECT seq, type FROM records WHERE seq >= %s ORDER BY seq LIMIT %s", (0, 1)).fetchall())
    check(lambda sql, *values: connection.execute(sql.replace("$1", "%s").replace("$2", "%s"), values).fetchall())
""",
    "asyncpg": """
import asyncio, asyncpg, ssl
async def run():
    context = ssl.create_default_context(cafile=authority)
    connection = await asyncpg.connect(host=host, port=port, user="auto", password=token, database="domicile", ssl=context)
    rows = await connection.fetch("SELECT seq, type FROM records WHERE seq >= $1 ORDER BY seq LIMIT $2", 0, 1)
    print([tuple(row) for row in rows])
    found = {}
    for sql, *values in CASES:
        found[sql] = await connection.fetch(sql, *values)
    check(lambda sql, *values: found[sql])
    await connection.close()
asyncio.run(run())
""",
}
EXPECTED = "[(0, 'session.start')]"
# Times are the driver's own, in what is given and in what is sent.
TIMES = """
import datetime
NOW = datetime.datetime.now(datetime.timezone.utc)
HOUR = datetime.timedelta(hours=1)
CASES = [
    ("SELECT time FROM records WHERE seq = $1 OR seq = $2", 0, 0),
    ("SELECT count(*) FROM records WHERE time BETWEEN $1 AND $2 AND seq = 0", NOW - HOUR, NOW + HOUR),
    ("SELECT count(*) FROM records WHERE time > $1 AND time < $2", NOW + HOUR, NOW + 2 * HOUR),
]
def check(rows):
    time = rows(*CASES[0])[0][0]
    assert isinstance(time, datetime.datetime) and time.utcoffset() == datetime.timedelta(0) and NOW - HOUR < time < NOW + HOUR, time
    assert [rows(*case)[0][0] for case in CASES[1:]] == [1, 0], [rows(*case) for case in CASES[1:]]
"""
JAR = "/usr/share/java/postgresql.jar"
METADATA = ROOT / "script/integration-parts/drivers/Metadata.java"


@contextlib.contextmanager
def testbed():
    """One of its own, where none is up."""
    if subprocess.run([ROOT / "script/testbed", "env"], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0:
        yield values()
        return
    with tempfile.TemporaryDirectory(prefix="domicile-console.") as folder:
        os.environ["DOMICILE_TESTBED_DIR"] = f"{folder}/testbed"
        os.environ.setdefault("DOMICILE_TESTBED_PORT", PORT)
        try:
            subprocess.run([ROOT / "script/testbed", "up"], check=True, stdout=subprocess.DEVNULL)
            yield values()
        finally:
            subprocess.run([ROOT / "script/testbed", "down"], check=False, stdout=subprocess.DEVNULL)


def values():
    """What `script/testbed env` says."""
    answer = subprocess.run([ROOT / "script/testbed", "env"], check=True, text=True, stdout=subprocess.PIPE)
    words = (line.removeprefix("export ").split("=", 1) for line in answer.stdout.splitlines() if "=" in line)
    return {name: value.strip("'\"") for name, value in words}


class Console:
    def __init__(self, values):
        self.values = values
        self.failed = 0
        self.environment = {
            **os.environ, "PGHOST": values["DOMICILE_HOST"], "PGPORT": values["DOMICILE_PORT"], "PGUSER": "auto",
            "PGDATABASE": "domicile", "PGPASSWORD": values["DOMICILE_TOKEN_OPERATOR"], "PGSSLMODE": "verify-full",
            "PGSSLROOTCERT": values["DOMICILE_CA"], "PGAPPNAME": "integration-console",
        }

    def check(self, what, is_right, said=""):
        print(f"{'ok' if is_right else 'FAILED':7}{what}{'' if is_right else ': ' + said.strip()[:400]}")
        self.failed += not is_right

    def psql(self, *commands):
        words = [word for command in commands for word in ("-c", command)]
        return subprocess.run(["psql", "-X", "-A", "-t", "-E", "-v", "ON_ERROR_STOP=1", *words], env=self.environment, check=False,
                              text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def records(self):
        folder = pathlib.Path(self.values["DOMICILE_AUDIT"]) / "eu-west-1/segments"
        for segment in sorted(folder.glob("*.jsonl")):
            for line in segment.read_text().splitlines():
                yield json.loads(line)

    def run_psql(self):
        # In quotes a backslash is written twice.
        script = "".join("\\warn '<<" + command.replace("\\", "\\\\") + f"'\n{command}\n" for command in COMMANDS)
        answer = subprocess.run(["psql", "-X", "-A", "-t", "-q"], input=script, env=self.environment, check=False, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        said = [part.split("\n", 1) for part in answer.stderr.split("<<")[1:]]
        wrong = [f"{command}: {words}" for command, words in said if "ERROR" in words or "invalid command" in words]
        self.check(f"{len(said)} of psql's commands that describe", len(said) == len(COMMANDS) and not wrong, " ".join(wrong) + answer.stderr[-200:])
        for table in TABLES:
            answer = self.psql(f"SELECT * FROM {table} LIMIT 3")
            self.check(f"SELECT from {table}", answer.returncode == 0, answer.stderr)
        refused = self.psql("DELETE FROM records")
        self.check("DELETE is refused", refused.returncode != 0 and "read-only" in refused.stderr, refused.stderr)

    def run_drivers(self):
        head = "\n".join(
            f"{name} = {value!r}" for name, value in [
                ("host", self.values["DOMICILE_HOST"]), ("port", int(self.values["DOMICILE_PORT"])),
                ("authority", self.values["DOMICILE_CA"])])
        head += TIMES + "\nimport os\ntoken = os.environ['PGPASSWORD']\ndsn = 'application_name=integration-console'\n"
        for name, program in DRIVERS.items():
            if subprocess.run(["/usr/bin/python3", "-c", f"import {name}"], check=False, stderr=subprocess.DEVNULL).returncode:
                print(f"{'absent':7}{name}: not installed (python3-{name})")
                continue
            answer = subprocess.run(["/usr/bin/python3", "-c", head + program], env=self.environment, check=False, text=True,
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.check(name, answer.returncode == 0 and answer.stdout.strip() == EXPECTED, answer.stdout + answer.stderr[-300:])

    def run_jdbc(self):
        if not pathlib.Path(JAR).exists() or not shutil.which("java"):
            print(f"{'absent':7}pgjdbc: not installed (libpostgresql-jdbc-java, default-jdk-headless)")
            return
        answer = subprocess.run(["java", "-XX:TieredStopAtLevel=1", "-cp", JAR, METADATA], env=self.environment, check=False, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        lines = answer.stdout.splitlines()
        self.check("pgjdbc, each getter of DatabaseMetaData", answer.returncode == 0 and f"getTables {len(TABLES)}" in lines
                   and "getFunctions 0" in lines and "time true 0" in lines, answer.stdout + answer.stderr)

    def compare_log(self):
        recorded = [record["sql"] for record in self.records() if record["type"] == "admin" and "sql" in record]
        lacking = [table for table in TABLES if f"SELECT * FROM {table} LIMIT 3" not in recorded]
        self.check("each access is in the log", not lacking, ", ".join(lacking))
        # psql -E shows the queries behind its commands.
        shown = self.psql("\\d records").stdout.split("********* QUERY **********\n")[1:]
        queries = [part.split("\n**************************")[0].rstrip(";") for part in shown]
        recorded = [record["sql"] for record in self.records() if record["type"] == "admin" and "sql" in record]
        missing = [query for query in queries if query not in recorded]
        self.check(f"all {len(queries)} queries of \\d records are in the log", queries and not missing, "\n".join(missing))


def main():
    parser = argparse.ArgumentParser(prog="script/integration console", description=DESCRIPTION,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    with testbed() as found:
        console = Console(found)
        console.run_psql()
        console.run_drivers()
        console.run_jdbc()
        console.compare_log()
    print(f"console: {console.failed} failed")
    sys.exit(1 if console.failed else 0)


if __name__ == "__main__":
    main()
