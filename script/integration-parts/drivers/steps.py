"""What the Python programmes share: the lines that script/integration-parts/matrix.py reads."""

import os
import traceback

HOST = os.environ["PGHOST"]
PORT = int(os.environ["PGPORT"])
DATABASE = os.environ["PGDATABASE"]
USER = os.environ["PGUSER"]
PASSWORD = os.environ["PGPASSWORD"]
CA = os.environ["PGSSLROOTCERT"]

TEXT = "Grüße, 世界"
LONG_SENT = 1_500_000
LONG_RECEIVED = "SELECT repeat('x', 3000000)"
MANY = "SELECT i, 'row ' || i FROM generate_series(1, 100000) i"
NOTICE = "DO $$ BEGIN RAISE NOTICE 'hello from the server'; END $$"
CANCELLED = "SELECT pg_sleep(30)"


def say(step, outcome, value=""):
    print(step, outcome, str(value).replace("\n", " "), sep="\t", flush=True)


def not_offered(step, why):
    say(step, "not offered", why)


def step(name, action):
    try:
        say(name, "ok", action())
    except Exception as problem:  # whatever a driver raises is what the table says
        if os.environ.get("TRACEBACK"):
            traceback.print_exc()
        say(name, "failed", f"{type(problem).__name__}: {problem}")


async def async_step(name, action):
    try:
        say(name, "ok", await action())
    except Exception as problem:
        if os.environ.get("TRACEBACK"):
            traceback.print_exc()
        say(name, "failed", f"{type(problem).__name__}: {problem}")


def check_many(rows):
    """Number and sum of what MANY gave."""
    count = total = 0
    for number, label in rows:
        if label != f"row {number}":
            raise ValueError(f"row {number} says {label}")
        count += 1
        total += number
    return f"{count} {total}"
