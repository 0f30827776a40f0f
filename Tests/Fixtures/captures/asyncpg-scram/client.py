import asyncio

import asyncpg


async def main():
    conn = await asyncpg.connect(ssl=False)
    await conn.fetchval("select current_user")
    await conn.close()


asyncio.run(main())
