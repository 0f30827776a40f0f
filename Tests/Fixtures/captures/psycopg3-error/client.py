import psycopg

with psycopg.connect("") as conn:
    try:
        with conn.transaction():
            conn.execute("insert into items values (%s, %s)", (1, "twice"))
    except psycopg.errors.UniqueViolation:
        pass
    conn.execute("select 1")
    try:
        with conn.transaction():
            conn.execute("select %s / 0", (1,))
    except psycopg.errors.DivisionByZero:
        pass
