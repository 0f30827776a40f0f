import asyncio

import asyncpg


async def main():
    conn = await asyncpg.connect(ssl=False)
    for text, values in (("selec", ()), ("select $1::int", ("x",)), ("select 1 / $1::int", (0,))):
        try:
            await conn.fetch(text, *values)
        except (asyncpg.PostgresError, asyncpg.DataError):
            pass
    try:
        async with conn.transaction(isolation="serializable"):
            await conn.execute("insert into items values ($1, $2)", 1, "twice")
    except asyncpg.UniqueViolationError:
        pass
    await conn.close()


asyncio.run(main())
