import psycopg

with psycopg.connect("", autocommit=True) as conn, conn.cursor() as cursor:
    with cursor.copy("copy items (id, name) from stdin") as copy:
        for number in range(60, 64):
            copy.write_row((number, f"item\t{number}"))
    with cursor.copy("copy (select id from items) to stdout (format binary)") as copy:
        list(copy)
    try:
        with cursor.copy("copy items (id, name) from stdin") as copy:
            raise RuntimeError("given up")
    except (RuntimeError, psycopg.errors.QueryCanceled):
        pass
