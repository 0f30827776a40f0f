import psycopg2

conn = psycopg2.connect("")
with conn, conn.cursor() as cursor:
    cursor.execute("insert into items values (%s, %s, %s, now())", (30, "it's", 1.25))
    cursor.executemany("update items set name = %s where id = %s", [("a", 1), ("b", 2)])
try:
    with conn, conn.cursor() as cursor:
        cursor.execute("select * from nowhere")
except psycopg2.errors.UndefinedTable:
    pass
conn.close()
