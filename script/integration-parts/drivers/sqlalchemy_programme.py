"""SQLAlchemy over psycopg: its pool, its ping, its way of sending many rows, server-side cursors."""

import threading

import sqlalchemy
from sqlalchemy import text
from steps import *

engine = sqlalchemy.create_engine(
    sqlalchemy.URL.create("postgresql+psycopg", USER, PASSWORD, HOST, PORT, DATABASE,
                          {"sslmode": "verify-full", "sslrootcert": CA}), pool_pre_ping=True)
items = sqlalchemy.Table("items", sqlalchemy.MetaData(), sqlalchemy.Column("id", sqlalchemy.Integer),
                         sqlalchemy.Column("label", sqlalchemy.Text), prefixes=["TEMPORARY"])
connection = engine.connect()


def one(sql, **values):
    return connection.execute(text(sql), values).scalar_one()


def parameters():
    number, words, null = connection.execute(text("SELECT cast(:a as int) + :b, cast(:t as text), cast(:n as text)"),
                                             {"a": 40, "b": 2, "t": TEXT, "n": None}).one()
    return f"{number} {words} {'null' if null is None else null}"


def batch():
    items.create(connection)
    connection.execute(items.insert(), [{"id": i, "label": f"item {i}"} for i in range(100)])
    connection.commit()
    return one("SELECT count(*) FROM items")


def copy_in():
    connection.execute(text("CREATE TEMPORARY TABLE copied (id int, label text)"))
    with connection.connection.cursor() as cursor, cursor.copy("COPY copied FROM STDIN") as copy:
        for i in range(1, 1001):
            copy.write_row((i, f"copied {i}"))
    connection.commit()
    return one("SELECT count(*) FROM copied")


def copy_out():
    with connection.connection.cursor() as cursor, cursor.copy("COPY copied TO STDOUT") as copy:
        return sum(row == (str(i), f"copied {i}") for i, row in enumerate(copy.rows(), 1))


def error():
    states = []
    connection.rollback()
    connection.execute(items.insert(), {"id": -1, "label": "gone"})
    for sql in ("SELECT 1 / 0", "SELECT 1"):
        try:
            connection.execute(text(sql))
        except sqlalchemy.exc.DBAPIError as problem:
            states.append(problem.orig.sqlstate)
    connection.rollback()
    return " ".join([*states, str(one("SELECT count(*) FROM items"))])


def cancel():
    connection.commit()
    threading.Timer(0.5, connection.connection.driver_connection.cancel).start()
    try:
        connection.execute(text(CANCELLED))
    except sqlalchemy.exc.DBAPIError as problem:
        connection.rollback()
        return f"{problem.orig.sqlstate} {one('SELECT 1')}"
    return "was not cancelled"


def large():
    return f"{one('SELECT length(cast(:v as text))', v='y' * LONG_SENT)} {len(one(LONG_RECEIVED))}"


def many():
    return check_many(connection.execute(text(MANY), execution_options={"stream_results": True}))


def notice():
    heard = []
    connection.connection.driver_connection.add_notice_handler(lambda one: heard.append(one.message_primary))
    connection.execute(text(NOTICE.replace(":", "\\:")))
    return heard[0]


def notify():
    connection.execute(text("LISTEN news"))
    connection.execute(text("SELECT pg_notify('news', 'something new')"))
    connection.commit()
    for notification in connection.connection.driver_connection.notifies(timeout=10, stop_after=1):
        return f"{notification.channel} {notification.payload}"


def close():
    connection.close()
    engine.dispose()
    return "closed"


step("login", lambda: "{} {}".format(*connection.execute(text("SELECT current_user, current_database()")).one()))
step("simple", lambda: one("SELECT 6 * 7"))
step("parameters", parameters)
step("prepared", lambda: sum(one("SELECT cast(:n as int) * 2", n=i) for i in range(1, 21)))
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
say("version", "ok", sqlalchemy.__version__)
