"""psycopg 3: server-side parameters, automatic prepared statements, pipelines, COPY, notifications."""

import threading

import bearer
import psycopg
from steps import *

connection = psycopg.connect(host=HOST, port=PORT, dbname=DATABASE, user=USER, sslmode="verify-full",
                             sslrootcert=CA, autocommit=True, **bearer.login())


def one(sql, values=None):
    return connection.execute(sql, values).fetchone()[0]


def parameters():
    number, text, null = connection.execute("SELECT %s::int + %s::int, %s::text, %s::text",
                                            (40, 2, TEXT, None)).fetchone()
    return f"{number} {text} {'null' if null is None else null}"


def prepared():
    return sum(connection.execute("SELECT %s::int * 2", (i,), prepare=True).fetchone()[0] for i in range(1, 21))


def batch():
    connection.execute("CREATE TEMPORARY TABLE items (id int, label text)")
    with connection.pipeline():
        for i in range(50):
            connection.execute("INSERT INTO items VALUES (%s, %s)", (i, f"item {i}"))
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO items VALUES (%s, %s)", [(i, f"item {i}") for i in range(50, 100)])
    return one("SELECT count(*) FROM items")


def copy_in():
    connection.execute("CREATE TEMPORARY TABLE copied (id int, label text)")
    with connection.cursor() as cursor, cursor.copy("COPY copied FROM STDIN") as copy:
        for i in range(1, 1001):
            copy.write_row((i, f"copied {i}"))
    return one("SELECT count(*) FROM copied")


def copy_out():
    with connection.cursor() as cursor, cursor.copy("COPY copied TO STDOUT (FORMAT binary)") as copy:
        copy.set_types(["int4", "text"])
        return sum(row == (i, f"copied {i}") for i, row in enumerate(copy.rows(), 1))


def error():
    states = []
    try:
        with connection.transaction():
            connection.execute("INSERT INTO items VALUES (-1, 'gone')")
            for sql in ("SELECT 1 / 0", "SELECT 1"):
                try:
                    connection.execute(sql)
                except psycopg.Error as problem:
                    states.append(problem.sqlstate)
            raise psycopg.Rollback
    finally:
        states.append(one("SELECT count(*) FROM items"))
    return " ".join(map(str, states))


def cancel():
    threading.Timer(0.5, connection.cancel_safe if hasattr(connection, "cancel_safe") else connection.cancel).start()
    try:
        connection.execute(CANCELLED)
    except psycopg.Error as problem:
        return f"{problem.sqlstate} {one('SELECT 1')}"
    return "was not cancelled"


def large():
    return f"{one('SELECT length(%s::text)', ('y' * LONG_SENT,))} {len(one(LONG_RECEIVED))}"


def notice():
    heard = []
    connection.add_notice_handler(lambda diagnostic: heard.append(diagnostic.message_primary))
    connection.execute(NOTICE)
    return heard[0]


def notify():
    connection.execute("LISTEN news")
    connection.execute("SELECT pg_notify('news', 'something new')")
    for notification in connection.notifies(timeout=10):
        return f"{notification.channel} {notification.payload}"


def login():
    bearer.check()
    return "{} {}".format(*connection.execute("SELECT current_user, current_database()").fetchone())


def close():
    connection.close()
    return "closed"


step("login", login)
step("simple", lambda: one("SELECT 6 * 7"))
step("parameters", parameters)
step("prepared", prepared)
step("batch", batch)
step("copy in", copy_in)
step("copy out", copy_out)
step("error", error)
step("cancel", cancel)
step("large", large)
step("many", lambda: check_many(connection.execute(MANY)))
step("notice", notice)
step("notify", notify)
step("close", close)
say("version", "ok", f"{psycopg.__version__} {psycopg.pq.__impl__}, libpq {psycopg.pq.version() // 10000}.{psycopg.pq.version() % 10000}")
