"""ODBC: unixODBC and psqlODBC, driven by pyodbc; the token is in the connection string."""

import glob
import threading

import pyodbc
from steps import *

pyodbc.pooling = False
DRIVER = glob.glob("/usr/lib/*/odbc/psqlodbcw.so")[0]
connection = pyodbc.connect(f"Driver={DRIVER};Servername={HOST};Port={PORT};Database={DATABASE};Username={USER};"
                            f"Password={PASSWORD};SSLmode=verify-full;pqopt={{sslrootcert={CA}}};UseServerSidePrepare=1;Protocol=7.4-0",
                            autocommit=True)
cursor = connection.cursor()


def row(sql, *values):
    return cursor.execute(sql, *values).fetchone()


def one(sql, *values):
    return row(sql, *values)[0]


def parameters():
    number, text, null = row("SELECT ?::int + ?::int, ?::text, ?::text", 40, 2, TEXT, None)
    return f"{number} {text} {'null' if null is None else null}"


def batch():
    cursor.execute("CREATE TEMPORARY TABLE items (id int, label text)")
    cursor.executemany("INSERT INTO items VALUES (?, ?)", [(i, f"item {i}") for i in range(100)])
    return one("SELECT count(*) FROM items")


def error():
    states = []
    connection.autocommit = False
    cursor.execute("INSERT INTO items VALUES (?, ?)", -1, "gone")
    for sql in ("SELECT 1 / 0", "SELECT 1"):
        try:
            cursor.execute(sql)
        except pyodbc.Error as problem:
            states.append(problem.args[0])
    connection.rollback()
    connection.autocommit = True
    return " ".join([*states, str(one("SELECT count(*) FROM items"))])


def cancel():
    threading.Timer(0.5, cursor.cancel).start()
    try:
        cursor.execute(CANCELLED)
    except pyodbc.Error as problem:
        return f"{problem.args[0]} {one('SELECT 1')}"
    return "was not cancelled"


def large():
    return f"{one('SELECT length(?::text)', 'y' * LONG_SENT)} {len(one(LONG_RECEIVED))}"


def close():
    connection.close()
    return "closed"


step("login", lambda: "{} {}".format(*row("SELECT current_user, current_database()")))
step("simple", lambda: one("SELECT 6 * 7"))
step("parameters", parameters)
step("prepared", lambda: sum(one("SELECT ?::int * 2", i) for i in range(1, 21)))
step("batch", batch)
not_offered("copy in", "ODBC has none")
not_offered("copy out", "ODBC has none")
step("error", error)
step("cancel", cancel)
step("large", large)
step("many", lambda: check_many(cursor.execute(MANY)))
not_offered("notice", "pyodbc shows none")
not_offered("notify", "ODBC has none")
version = connection.getinfo(pyodbc.SQL_DRIVER_VER) if not connection.closed else ""
step("close", close)
say("version", "ok", f"psqlODBC {version}, pyodbc {pyodbc.version}")
