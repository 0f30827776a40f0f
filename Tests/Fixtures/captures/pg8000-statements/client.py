import os

import pg8000.dbapi

conn = pg8000.dbapi.connect(
    user=os.environ["PGUSER"], password=os.environ["PGPASSWORD"], host=os.environ["PGHOST"],
    port=int(os.environ["PGPORT"]), database=os.environ["PGDATABASE"], ssl_context=False)
cursor = conn.cursor()
cursor.execute("select id, name from items where id = %s", (2,))
cursor.execute("select 1")
cursor.executemany("insert into items (id, name) values (%s, %s)", [(80, "a"), (81, "b")])
conn.commit()
conn.close()
