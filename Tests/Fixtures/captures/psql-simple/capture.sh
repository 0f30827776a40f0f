#!/usr/bin/env bash
# Queries of one and of several statements, an empty one, and one of rows with NULLs.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --version-of 'psql --version' -- \
    psql -X -c 'select 1 as one' -c 'select id, name from items order by id; select null, true; begin; commit' -c '' -c ' ; '
