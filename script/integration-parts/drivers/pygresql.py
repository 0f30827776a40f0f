"""PyGreSQL, the classic interface: libpq, server-side parameters, prepared statements, COPY by putline and getline."""

import threading

import pg
from steps import *

database = pg.DB(dbname=DATABASE, host=HOST, port=PORT, user=USER, passwd=PASSWORD)


def row(sql, *values):
    return database.query(sql, *values).getresult()[0]


def one(sql, *values):
    return row(sql, *values)[0]


def parameters():
    number, text, null = row("SELECT $1::int + $2::int, $3::text, $4::text", 40, 2, TEXT, None)
    return f"{number} {text} {'null' if null is None else null}"


def prepared():
    database.prepare("twice", "SELECT $1::int * 2")
    return sum(database.query_prepared("twice", i).getresult()[0][0] for i in range(1, 21))


def batch():
    database.query("CREATE TEMPORARY TABLE items (id int, label text)")
    database.inserttable("items", [(i, f"item {i}") for i in range(100)])
    return one("SELECT count(*) FROM items")


def copy_in():
    database.query("CREATE TEMPORARY TABLE copied (id int, label text)")
    database.query("COPY copied FROM STDIN")
    for i in range(1, 1001):
        database.putline(f"{i}\tcopied {i}\n")
    database.endcopy()
    return one("SELECT count(*) FROM copied")


def copy_out():
    database.query("COPY copied TO STDOUT")
    count = 0
    while (line := database.getline()) is not None:
        count += 1
        if line != f"{count}\tcopied {count}":
            return f"line {count} says {line}"
    return count


def error():
    states = []
    database.begin()
    database.query("INSERT INTO items VALUES (-1, 'gone')")
    for sql in ("SELECT 1 / 0", "SELECT 1"):
        try:
            database.query(sql)
        except pg.DatabaseError as problem:
            states.append(problem.sqlstate)
    database.rollback()
    return " ".join([*states, str(one("SELECT count(*) FROM items"))])


def cancel():
    threading.Timer(0.5, database.db.cancel).start()
    try:
        database.query(CANCELLED)
    except pg.DatabaseError as problem:
        return f"{problem.sqlstate} {one('SELECT 1')}"
    return "was not cancelled"


def large():
    return f"{one('SELECT length($1::text)', 'y' * LONG_SENT)} {len(one(LONG_RECEIVED))}"


def notice():
    heard = []
    database.set_notice_receiver(lambda one: heard.append(one.primary))
    database.query(NOTICE)
    return heard[0]


def notify():
    database.query("LISTEN news")
    database.query("SELECT pg_notify('news', 'something new')")
    channel, _, payload = database.getnotify()
    return f"{channel} {payload}"


def close():
    database.close()
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
step("many", lambda: check_many(database.query(MANY).getresult()))
step("notice", notice)
step("notify", notify)
step("close", close)
say("version", "ok", pg.version)
