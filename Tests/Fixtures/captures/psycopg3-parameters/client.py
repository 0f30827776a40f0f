import psycopg

with psycopg.connect("") as conn:
    for number in (1, 2):
        conn.execute("select name from items where id = %s", (number,), prepare=True).fetchall()
    conn.execute("select %s::bytea, %b::int", (b"\x00\xff", 7), binary=True).fetchall()
    conn.execute("select 1; select 2")
