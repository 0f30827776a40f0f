"""pg8000: pure Python, its own protocol code, unnamed and named statements."""

import io
import ssl

import pg8000.native
from steps import *

connection = pg8000.native.Connection(USER, host=HOST, port=PORT, database=DATABASE, password=PASSWORD,
                                      ssl_context=ssl.create_default_context(cafile=CA))


def one(sql, **values):
    return connection.run(sql, **values)[0][0]


def parameters():
    number, text, null = connection.run("SELECT cast(:a as int) + cast(:b as int), cast(:t as text), cast(:n as text)",
                                        a=40, b=2, t=TEXT, n=None)[0]
    return f"{number} {text} {'null' if null is None else null}"


def prepared():
    statement = connection.prepare("SELECT cast(:n as int) * 2")
    total = sum(statement.run(n=i)[0][0] for i in range(1, 21))
    statement.close()
    return total


def batch():
    connection.run("CREATE TEMPORARY TABLE items (id int, label text)")
    for i in range(100):
        connection.run("INSERT INTO items VALUES (:id, :label)", id=i, label=f"item {i}")
    return one("SELECT count(*) FROM items")


def copy_in():
    connection.run("CREATE TEMPORARY TABLE copied (id int, label text)")
    lines = "".join(f"{i}\tcopied {i}\n" for i in range(1, 1001))
    connection.run("COPY copied FROM STDIN", stream=io.StringIO(lines))
    return one("SELECT count(*) FROM copied")


def copy_out():
    target = io.StringIO()
    connection.run("COPY copied TO STDOUT", stream=target)
    return sum(line == f"{i}\tcopied {i}" for i, line in enumerate(target.getvalue().splitlines(), 1))


def error():
    states = []
    connection.run("BEGIN")
    connection.run("INSERT INTO items VALUES (-1, 'gone')")
    for sql in ("SELECT 1 / 0", "SELECT 1"):
        try:
            connection.run(sql)
        except pg8000.native.DatabaseError as problem:
            states.append(problem.args[0]["C"])
    connection.run("ROLLBACK")
    return " ".join([*states, str(one("SELECT count(*) FROM items"))])


def large():
    return f"{one('SELECT length(cast(:v as text))', v='y' * LONG_SENT)} {len(one(LONG_RECEIVED))}"


def notice():
    connection.run(NOTICE)
    return connection.notices[-1][b"M"].decode()


def notify():
    connection.run("LISTEN news")
    connection.run("SELECT pg_notify('news', 'something new')")
    connection.run("SELECT 1")
    return "{} {}".format(*connection.notifications[0][1:])


def close():
    connection.close()
    return "closed"


step("login", lambda: "{} {}".format(*connection.run("SELECT current_user, current_database()")[0]))
step("simple", lambda: one("SELECT 6 * 7"))
step("parameters", parameters)
step("prepared", prepared)
step("batch", batch)
step("copy in", copy_in)
step("copy out", copy_out)
step("error", error)
not_offered("cancel", "pg8000 has no cancel")
step("large", large)
step("many", lambda: check_many(connection.run(MANY)))
step("notice", notice)
step("notify", notify)
step("close", close)
say("version", "ok", pg8000.__version__)
