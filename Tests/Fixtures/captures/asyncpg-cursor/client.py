import asyncio

import asyncpg


async def main():
    conn = await asyncpg.connect(ssl=False)
    async with conn.transaction():
        async for row in conn.cursor("select id from items order by id", prefetch=2):
            pass
    await conn.close()


asyncio.run(main())
