#!/usr/bin/python3
"""The gateway's own database under other people's programs."""

import argparse
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PORT = "7560"

DESCRIPTION = """\
Asks the database `domicile` of the testbed's gateway what clients ask it: psql's commands, a SELECT over each table, what
Debian's drivers do (psycopg2, psycopg, asyncpg: those that are installed, the others are named). Afterwards the log must
hold a record of each statement that psql sent. Starts a testbed of its own where none is up.
"""

COMMANDS = [
    r"\d", r"\dt", r"\d records", r"\d+ sessions", r"\l", r"\dn", r"\df", r"\du", r"\dv", r"\di", r"\dp", r"\x",
]
TABLES = ["records", "sessions", "replicas", "issuers", "rules", "checkpoints", "log"]
DRIVERS = {
    "psycopg2": """
import psycopg2
with psycopg2.connect(dsn) as connection, connection.cursor() as cursor:
    cursor.execute("SELECT seq, type FROM records WHERE seq >= %s ORDER BY seq LIMIT %s", (0, 1))
    print(cursor.fetchall())
""",
    "psycopg": """
import psycopg
with psycopg.connect(dsn) as connection:
    print(connection.execute("SELECT seq, type FROM records WHERE seq >= %s ORDER BY seq LIMIT %s", (0, 1)).fetchall())
""",
    "asyncpg": """
import asyncio, asyncpg, ssl
async def run():
    context = ssl.create_default_context(cafile=authority)
    connection = await asyncpg.connect(host=host, port=port, user="auto", password=token, database="domicile", ssl=context)
    rows = await connection.fetch("SELECT seq, type FROM records WHERE seq >= $1 ORDER BY seq LIMIT $2", 0, 1)
    print([tuple(row) for row in rows])
    await connection.close()
asyncio.run(run())
""",
}
EXPECTED = "[(0, 'session.start')]"


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
        for command in COMMANDS:
            answer = self.psql(command)
            self.check(f"psql {command}", answer.returncode == 0, answer.stderr)
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
        head += "\nimport os\ntoken = os.environ['PGPASSWORD']\ndsn = 'application_name=integration-console'\n"
        for name, program in DRIVERS.items():
            if subprocess.run(["/usr/bin/python3", "-c", f"import {name}"], check=False, stderr=subprocess.DEVNULL).returncode:
                print(f"{'absent':7}{name}: not installed (python3-{name})")
                continue
            answer = subprocess.run(["/usr/bin/python3", "-c", head + program], env=self.environment, check=False, text=True,
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.check(name, answer.stdout.strip() == EXPECTED, answer.stdout + answer.stderr)

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
        console.compare_log()
    print(f"console: {console.failed} failed")
    sys.exit(1 if console.failed else 0)


if __name__ == "__main__":
    main()
