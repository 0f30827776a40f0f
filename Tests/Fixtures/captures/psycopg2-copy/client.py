import io

import psycopg2

conn = psycopg2.connect("")
with conn, conn.cursor() as cursor:
    cursor.copy_expert("copy items (id, name) from stdin csv", io.StringIO("40,forty\n41,\"forty, one\"\n"))
    cursor.copy_expert("copy items to stdout", io.StringIO())
conn.close()
