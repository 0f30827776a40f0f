import asyncio

import asyncpg


async def main():
    conn = await asyncpg.connect(ssl=False)
    await conn.copy_records_to_table("items", records=[(70, "a"), (71, "b")], columns=["id", "name"])
    await conn.copy_from_table("items", output="/dev/null", format="csv")
    await conn.close()


asyncio.run(main())
