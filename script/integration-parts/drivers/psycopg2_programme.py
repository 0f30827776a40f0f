"""psycopg2: everything as simple Query messages, values written into the SQL; prepared statements by SQL's PREPARE."""

import io
import select
import threading

import psycopg2
import psycopg2.extras
from steps import *

connection = psycopg2.connect(host=HOST, port=PORT, dbname=DATABASE, user=USER, password=PASSWORD,
                              sslmode="verify-full", sslrootcert=CA)
connection.autocommit = True
cursor = connection.cursor()


def row(sql, values=None):
    cursor.execute(sql, values)
    return cursor.fetchone()


def one(sql, values=None):
    return row(sql, values)[0]


def parameters():
    number, text, null = row("SELECT %s + %s, %s, %s::text", (40, 2, TEXT, None))
    return f"{number} {text} {'null' if null is None else null}"


def prepared():
    cursor.execute("PREPARE twice (int) AS SELECT $1 * 2")
    return sum(one("EXECUTE twice (%s)", (i,)) for i in range(1, 21))


def batch():
    cursor.execute("CREATE TEMPORARY TABLE items (id int, label text)")
    psycopg2.extras.execute_batch(cursor, "INSERT INTO items VALUES (%s, %s)",
                                  [(i, f"item {i}") for i in range(50)], page_size=25)
    psycopg2.extras.execute_values(cursor, "INSERT INTO items VALUES %s", [(i, f"item {i}") for i in range(50, 100)])
    return one("SELECT count(*) FROM items")


def copy_in():
    cursor.execute("CREATE TEMPORARY TABLE copied (id int, label text)")
    lines = "".join(f"{i}\tcopied {i}\n" for i in range(1, 1001))
    cursor.copy_expert("COPY copied FROM STDIN", io.StringIO(lines))
    return one("SELECT count(*) FROM copied")


def copy_out():
    target = io.StringIO()
    cursor.copy_expert("COPY copied TO STDOUT", target)
    return sum(line == f"{i}\tcopied {i}" for i, line in enumerate(target.getvalue().splitlines(), 1))


def error():
    states = []
    connection.autocommit = False
    cursor.execute("INSERT INTO items VALUES (-1, 'gone')")
    for sql in ("SELECT 1 / 0", "SELECT 1"):
        try:
            cursor.execute(sql)
        except psycopg2.Error as problem:
            states.append(problem.pgcode)
    connection.rollback()
    connection.autocommit = True
    return " ".join([*states, str(one("SELECT count(*) FROM items"))])


def cancel():
    threading.Timer(0.5, connection.cancel).start()
    try:
        cursor.execute(CANCELLED)
    except psycopg2.Error as problem:
        return f"{problem.pgcode} {one('SELECT 1')}"
    return "was not cancelled"


def large():
    return f"{one('SELECT length(%s)', ('y' * LONG_SENT,))} {len(one(LONG_RECEIVED))}"


def many():
    cursor.execute(MANY)
    return check_many(cursor)


def notice():
    cursor.execute(NOTICE)
    return connection.notices[-1].strip().removeprefix("NOTICE:").strip()


def notify():
    cursor.execute("LISTEN news")
    cursor.execute("SELECT pg_notify('news', 'something new')")
    while not connection.notifies:
        if not select.select([connection], [], [], 10)[0]:
            return "nothing came"
        connection.poll()
    return f"{connection.notifies[0].channel} {connection.notifies[0].payload}"


def close():
    connection.close()
    return "closed"


step("login", lambda: "{} {}".format(*row("SELECT current_user, current_database()")))
step("simple", lambda: one("SELECT 6 * 7"))
step("parameters", parameters)
step("prepared", prepared)
step("batch", batch)
step("copy in", copy_in)
step("copy out", copy_out)
step("error", error)
step("cancel", cancel)
step("large", large)
step("many", many)
step("notice", notice)
step("notify", notify)
step("close", close)
version = psycopg2.extensions.libpq_version()
say("version", "ok", f"{psycopg2.__version__.split()[0]}, libpq {version // 10000}.{version % 10000}")
