#!/usr/bin/env bash
# isql reads its statements from standard input.
set -euo pipefail
printf '%s\n' 'select id, name from items order by id' 'select 1/0' 'update items set price = 1 where id = 1' |
    isql -b -k "Driver=PostgreSQL Unicode;Server=$PGHOST;Port=$PGPORT;Database=$PGDATABASE;UID=$PGUSER;PWD=$PGPASSWORD" \
        >/dev/null || true
