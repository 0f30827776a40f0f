"""ADBC: libpq; whatever gives rows is a COPY in binary, and so is what is ingested."""

import importlib.metadata
import threading

import adbc_driver_postgresql.dbapi as adbc
import pyarrow
from steps import *

connection = adbc.connect(f"host={HOST} port={PORT} dbname={DATABASE} user={USER} password={PASSWORD} "
                          f"sslmode=verify-full sslrootcert={CA}", autocommit=True)
cursor = connection.cursor()


def row(sql, values=None):
    cursor.execute(sql, values)
    return cursor.fetchone()


def one(sql, values=None):
    return row(sql, values)[0]


def parameters():
    number, text, null = row("SELECT $1::int8 + $2::int8, $3::text, $4::text", (40, 2, TEXT, None))
    return f"{number} {text} {'null' if null is None else null}"


def batch():
    cursor.execute("CREATE TEMPORARY TABLE items (id int8, label text)")
    cursor.executemany("INSERT INTO items VALUES ($1, $2)", [(i, f"item {i}") for i in range(100)])
    return one("SELECT count(*) FROM items")


def copy_in():
    table = pyarrow.table({"id": range(1, 1001), "label": [f"copied {i}" for i in range(1, 1001)]})
    cursor.adbc_ingest("copied", table, mode="create", temporary=True)
    return one("SELECT count(*) FROM copied")


def copy_out():
    cursor.execute("SELECT id, label FROM copied")
    return sum(found == (i, f"copied {i}") for i, found in enumerate(cursor.fetchall(), 1))


def error():
    states = []
    cursor.execute("BEGIN")
    cursor.execute("INSERT INTO items VALUES (-1, 'gone')")
    for sql in ("SELECT 1 / 0", "SELECT 1"):
        try:
            row(sql)
        except adbc.Error as problem:
            states.append(problem.sqlstate)
    cursor.execute("ROLLBACK")
    return " ".join([*map(str, states), str(one("SELECT count(*) FROM items"))])


def cancel():
    threading.Timer(0.5, connection.adbc_cancel).start()
    try:
        row("SELECT pg_sleep(30)::text")
    except adbc.Error as problem:
        return f"{problem.sqlstate} {one('SELECT 1')}"
    return "was not cancelled"


def large():
    return f"{one('SELECT length($1::text)', ('y' * LONG_SENT,))} {len(one(LONG_RECEIVED))}"


def many():
    cursor.execute(MANY)
    return check_many(cursor.fetchall())


def close():
    cursor.close()
    connection.close()
    return "closed"


step("login", lambda: "{} {}".format(*row("SELECT current_user::text, current_database()::text")))
step("simple", lambda: one("SELECT 6 * 7"))
step("parameters", parameters)
step("prepared", lambda: sum(one("SELECT $1::int8 * 2", (i,)) for i in range(1, 21)))
step("batch", batch)
step("copy in", copy_in)
step("copy out", copy_out)
step("error", error)
step("cancel", cancel)
step("large", large)
step("many", many)
not_offered("notice", "ADBC shows none")
not_offered("notify", "ADBC has none")
step("close", close)
say("version", "ok", importlib.metadata.version("adbc-driver-postgresql"))
