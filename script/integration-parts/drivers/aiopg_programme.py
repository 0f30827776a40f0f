"""aiopg: psycopg2's libpq in asynchronous mode; no COPY and no batch in that mode."""

import asyncio

import aiopg
import psycopg2
from steps import *


async def main():
    def connect():
        return aiopg.connect(host=HOST, port=PORT, dbname=DATABASE, user=USER, password=PASSWORD,
                             sslmode="verify-full", sslrootcert=CA)

    connection = await connect()
    cursor = await connection.cursor()

    async def row(sql, values=None):
        await cursor.execute(sql, values)
        return await cursor.fetchone()

    async def parameters():
        number, text, null = await row("SELECT %s + %s, %s, %s::text", (40, 2, TEXT, None))
        return f"{number} {text} {'null' if null is None else null}"

    async def prepared():
        await cursor.execute("PREPARE twice (int) AS SELECT $1 * 2")
        return sum([(await row("EXECUTE twice (%s)", (i,)))[0] for i in range(1, 21)])

    async def error():
        states = []
        await cursor.execute("CREATE TEMPORARY TABLE items (id int, label text)")
        await cursor.execute("INSERT INTO items SELECT i, 'item' FROM generate_series(1, 100) i")
        await cursor.execute("BEGIN")
        await cursor.execute("INSERT INTO items VALUES (-1, 'gone')")
        for sql in ("SELECT 1 / 0", "SELECT 1"):
            try:
                await cursor.execute(sql)
            except psycopg2.Error as problem:
                states.append(problem.pgcode)
        await cursor.execute("ROLLBACK")
        return " ".join([*states, str((await row("SELECT count(*) FROM items"))[0])])

    async def cancel():
        # aiopg closes a connection whose statement was cancelled: another one for that.
        other = await connect()
        asyncio.get_running_loop().call_later(0.5, other.raw.cancel)
        try:
            await (await other.cursor()).execute(CANCELLED)
        except asyncio.CancelledError as problem:
            await other.close()
            return f"{problem.__context__.pgcode} {(await row('SELECT 1'))[0]}"
        return "was not cancelled"

    async def large():
        sent = (await row("SELECT length(%s)", ("y" * LONG_SENT,)))[0]
        return f"{sent} {len((await row(LONG_RECEIVED))[0])}"

    async def many():
        await cursor.execute(MANY)
        return check_many(await cursor.fetchall())

    async def notice():
        await cursor.execute(NOTICE)
        return connection.notices[-1].strip().removeprefix("NOTICE:").strip()

    async def notify():
        await cursor.execute("LISTEN news")
        await cursor.execute("SELECT pg_notify('news', 'something new')")
        heard = await asyncio.wait_for(connection.notifies.get(), 10)
        return f"{heard.channel} {heard.payload}"

    async def close():
        await connection.close()
        return "closed"

    async def login():
        return "{} {}".format(*await row("SELECT current_user, current_database()"))

    async def simple():
        return (await row("SELECT 6 * 7"))[0]

    await async_step("login", login)
    await async_step("simple", simple)
    await async_step("parameters", parameters)
    await async_step("prepared", prepared)
    not_offered("batch", "aiopg has none")
    not_offered("copy in", "not in asynchronous mode")
    not_offered("copy out", "not in asynchronous mode")
    for name, action in (("error", error), ("cancel", cancel), ("large", large), ("many", many), ("notice", notice),
                         ("notify", notify), ("close", close)):
        await async_step(name, action)
    say("version", "ok", aiopg.__version__)


asyncio.run(main())
