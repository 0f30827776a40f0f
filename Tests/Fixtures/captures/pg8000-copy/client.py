import os

import pg8000.dbapi

conn = pg8000.dbapi.connect(
    user=os.environ["PGUSER"], password=os.environ["PGPASSWORD"], host=os.environ["PGHOST"],
    port=int(os.environ["PGPORT"]), database=os.environ["PGDATABASE"], ssl_context=False)
cursor = conn.cursor()
import io
cursor.execute("copy items (id, name) from stdin", stream=io.BytesIO(b"90\tx\n91\ty\n"))
cursor.execute("copy items to stdout", stream=io.BytesIO())
conn.commit()
conn.close()
