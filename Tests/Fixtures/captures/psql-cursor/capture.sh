#!/usr/bin/env bash
# psql's FETCH_COUNT: it makes a cursor and fetches a few rows at a time.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --version-of 'psql --version' -- \
    psql -X -v FETCH_COUNT=2 -c 'select * from items order by id'
