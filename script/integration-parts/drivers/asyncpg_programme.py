"""asyncpg: its own protocol code, the extended protocol with named statements for everything, binary values."""

import asyncio
import io
import ssl

import asyncpg
from steps import *


class Programme:
    def __init__(self, connection):
        self.connection = connection

    async def login(self):
        return "{} {}".format(*await self.connection.fetchrow("SELECT current_user, current_database()"))

    async def simple(self):
        await self.connection.execute("SELECT 1; SELECT 2")
        return await self.connection.fetchval("SELECT 6 * 7")

    async def parameters(self):
        number, text, null = await self.connection.fetchrow(
            "SELECT $1::int + $2::int, $3::text, $4::text", 40, 2, TEXT, None)
        return f"{number} {text} {'null' if null is None else null}"

    async def prepared(self):
        statement = await self.connection.prepare("SELECT $1::int * 2")
        return sum([await statement.fetchval(i) for i in range(1, 21)])

    async def batch(self):
        await self.connection.execute("CREATE TEMPORARY TABLE items (id int, label text)")
        await self.connection.executemany("INSERT INTO items VALUES ($1, $2)", [(i, f"item {i}") for i in range(100)])
        return await self.connection.fetchval("SELECT count(*) FROM items")

    async def copy_in(self):
        await self.connection.execute("CREATE TEMPORARY TABLE copied (id int, label text)")
        await self.connection.copy_records_to_table("copied", records=[(i, f"copied {i}") for i in range(1, 1001)])
        return await self.connection.fetchval("SELECT count(*) FROM copied")

    async def copy_out(self):
        target = io.BytesIO()
        await self.connection.copy_from_table("copied", output=target)
        lines = target.getvalue().decode().splitlines()
        return sum(line == f"{i}\tcopied {i}" for i, line in enumerate(lines, 1))

    async def error(self):
        states = []
        transaction = self.connection.transaction()
        await transaction.start()
        await self.connection.execute("INSERT INTO items VALUES (-1, 'gone')")
        for sql in ("SELECT 1 / 0", "SELECT 1"):
            try:
                await self.connection.fetchval(sql)
            except asyncpg.PostgresError as problem:
                states.append(problem.sqlstate)
        await transaction.rollback()
        return " ".join([*states, str(await self.connection.fetchval("SELECT count(*) FROM items"))])

    async def cancel(self):
        # asyncpg sends the cancel when the task that waits is cancelled; what the server says stays inside.
        task = asyncio.ensure_future(self.connection.fetchval(CANCELLED))
        await asyncio.sleep(0.5)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            return f"57014 {await self.connection.fetchval('SELECT 1')}"
        return "was not cancelled"

    async def large(self):
        sent = await self.connection.fetchval("SELECT length($1::text)", "y" * LONG_SENT)
        return f"{sent} {len(await self.connection.fetchval(LONG_RECEIVED))}"

    async def many(self):
        async with self.connection.transaction():
            return check_many([row async for row in self.connection.cursor(MANY, prefetch=20_000)])

    async def notice(self):
        heard = []
        self.connection.add_log_listener(lambda _, message: heard.append(message.message))
        await self.connection.execute(NOTICE)
        await asyncio.sleep(0.1)
        return heard[0]

    async def notify(self):
        heard = asyncio.get_running_loop().create_future()
        await self.connection.add_listener("news", lambda _, __, channel, text: heard.set_result(f"{channel} {text}"))
        await self.connection.execute("SELECT pg_notify('news', 'something new')")
        return await asyncio.wait_for(heard, 10)

    async def close(self):
        await self.connection.close()
        return "closed"


async def main():
    connection = await asyncpg.connect(host=HOST, port=PORT, database=DATABASE, user=USER, password=PASSWORD,
                                       ssl=ssl.create_default_context(cafile=CA))
    programme = Programme(connection)
    for name in ("login", "simple", "parameters", "prepared", "batch", "copy in", "copy out", "error", "cancel", "large",
                 "many", "notice", "notify", "close"):
        await async_step(name, getattr(programme, name.replace(" ", "_")))
    say("version", "ok", asyncpg.__version__)


asyncio.run(main())
