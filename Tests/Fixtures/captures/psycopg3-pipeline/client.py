import psycopg

with psycopg.connect("", autocommit=True) as conn:
    with conn.pipeline():
        results = [conn.execute("select %s::int", (number,)) for number in range(3)]
    assert [result.fetchone()[0] for result in results] == [0, 1, 2]
    try:
        with conn.pipeline():
            conn.execute("select 1 / %s", (0,))
            conn.execute("select 2")
    except psycopg.Error:
        pass
