import psycopg

with psycopg.connect("max_protocol_version=3.2") as conn:
    conn.execute("select 1")
