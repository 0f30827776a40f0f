import asyncio

import asyncpg


async def main():
    conn = await asyncpg.connect(ssl=False)
    await conn.executemany("update items set price = $1 where id = $2", [(number, number) for number in range(1, 6)])
    await conn.close()


asyncio.run(main())
