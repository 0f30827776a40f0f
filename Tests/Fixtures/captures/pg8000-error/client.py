import os

import pg8000.dbapi

conn = pg8000.dbapi.connect(
    user=os.environ["PGUSER"], password=os.environ["PGPASSWORD"], host=os.environ["PGHOST"],
    port=int(os.environ["PGPORT"]), database=os.environ["PGDATABASE"], ssl_context=False)
cursor = conn.cursor()
try:
    cursor.execute("select 1 / %s", (0,))
except pg8000.dbapi.DatabaseError:
    conn.rollback()
cursor.execute("select 2")
conn.close()
