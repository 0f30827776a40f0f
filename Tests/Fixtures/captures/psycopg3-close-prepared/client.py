import psycopg

with psycopg.connect("", autocommit=True) as conn:
    conn.prepared_max = 1
    for text in ("select %s::int + 1", "select %s::int + 2", "select %s::int + 3"):
        conn.execute(text, (1,), prepare=True)
