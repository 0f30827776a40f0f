import psycopg2

conn = psycopg2.connect("")
with conn, conn.cursor("rows") as cursor:
    cursor.itersize = 2
    cursor.execute("select id, name from items order by id")
    assert len(list(cursor)) == 5
conn.close()
