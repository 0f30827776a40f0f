import threading

import psycopg

with psycopg.connect("", autocommit=True) as conn:
    timer = threading.Timer(1, conn.cancel)
    timer.start()
    try:
        conn.execute("select pg_sleep(20)")
    except psycopg.errors.QueryCanceled:
        pass
    timer.join()
    conn.execute("select 1")
