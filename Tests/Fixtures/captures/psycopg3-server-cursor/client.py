import psycopg

with psycopg.connect("") as conn, conn.cursor("rows", scrollable=True) as cursor:
    cursor.execute("select id, name from items where id > %s order by id", (1,))
    cursor.fetchmany(2)
    cursor.scroll(-1)
    cursor.fetchone()
