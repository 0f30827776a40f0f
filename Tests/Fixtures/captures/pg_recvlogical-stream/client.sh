#!/usr/bin/env bash
# Two rows are written and read back from the stream, up to a known position.
set -euo pipefail
recv="/usr/lib/postgresql/15/bin/pg_recvlogical -d capture --slot captured"
$recv --create-slot -P test_decoding
psql -XqAt -c "insert into items values (50, 'streamed', 1, null)" -c "delete from items where id = 50"
end=$(psql -XqAt -c 'select pg_current_wal_lsn()')
$recv --start --endpos="$end" --no-loop -f /dev/null
$recv --drop-slot
