import asyncio

import asyncpg


async def main():
    conn = await asyncpg.connect(ssl=False)
    await conn.fetch("select id, name from items where id = any($1::int[])", [1, 2])
    statement = await conn.prepare("select $1::numeric + price from items where id = $2")
    await statement.fetchval(2, 3)
    await conn.execute("select 1; select 2")
    await conn.close()


asyncio.run(main())
