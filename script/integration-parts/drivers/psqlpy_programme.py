"""psqlpy: Rust's tokio-postgres under Python, with OpenSSL; named statements for everything, pipelined."""

import asyncio
import importlib.metadata

import psqlpy
from steps import *


async def main():
    connection = await psqlpy.connect(host=HOST, port=PORT, db_name=DATABASE, username=USER, password=PASSWORD,
                                      ssl_mode=psqlpy.SslMode.VerifyFull, ca_file=CA)

    async def rows(sql, values=None):
        return [tuple(row.values()) for row in (await connection.execute(sql, values)).result()]

    async def one(sql, values=None):
        return (await rows(sql, values))[0][0]

    async def login():
        return "{} {}".format(*(await rows("SELECT current_user::text, current_database()::text"))[0])

    async def parameters():
        number, text, null = (await rows("SELECT $1::int + $2::int AS a, $3::text AS b, $4::text AS c",
                                         [40, 2, TEXT, None]))[0]
        return f"{number} {text} {'null' if null is None else null}"

    async def prepared():
        return sum([await one("SELECT $1::int * 2 AS n", [i]) for i in range(1, 21)])

    async def batch():
        await connection.execute_batch("CREATE TEMPORARY TABLE items (id int, label text); SELECT 1")
        await connection.execute_many("INSERT INTO items VALUES ($1, $2)", [[i, f"item {i}"] for i in range(100)])
        return await one("SELECT count(*) FROM items")

    async def error():
        states = []
        transaction = connection.transaction()
        await transaction.begin()
        await transaction.execute("INSERT INTO items VALUES ($1, $2)", [-1, "gone"])
        for sql in ("SELECT 1 / 0", "SELECT 1"):
            try:
                await transaction.execute(sql)
            except Exception as problem:
                text = str(problem)
                states.append("22012" if "division by zero" in text else "25P02" if "is aborted" in text else text)
        await transaction.rollback()
        return " ".join([*states, str(await one("SELECT count(*) FROM items"))])

    async def large():
        return f"{await one('SELECT length($1::text)', ['y' * LONG_SENT])} {len(await one(LONG_RECEIVED))}"

    async def many():
        return check_many(await rows(MANY.replace("'row ' || i", "'row ' || i AS label")))

    async def close():
        connection.close()
        return "closed"

    await async_step("login", login)
    await async_step("simple", lambda: one("SELECT 6 * 7 AS n"))
    await async_step("parameters", parameters)
    await async_step("prepared", prepared)
    await async_step("batch", batch)
    not_offered("copy in", "binary bytes of a table only")
    not_offered("copy out", "psqlpy has none")
    await async_step("error", error)
    not_offered("cancel", "psqlpy has none")
    await async_step("large", large)
    await async_step("many", many)
    not_offered("notice", "psqlpy shows none")
    not_offered("notify", "a pool's listener, not a connection's")
    await async_step("close", close)
    say("version", "ok", importlib.metadata.version("psqlpy"))


asyncio.run(main())
