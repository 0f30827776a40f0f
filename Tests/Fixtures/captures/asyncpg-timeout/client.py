import asyncio

import asyncpg


async def main():
    conn = await asyncpg.connect(ssl=False)
    try:
        await conn.fetch("select pg_sleep(20)", timeout=1)
    except asyncio.TimeoutError:
        pass
    await conn.fetch("select 1")
    await conn.close()


asyncio.run(main())
