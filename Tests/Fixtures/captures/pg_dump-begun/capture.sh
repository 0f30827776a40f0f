#!/usr/bin/env bash
# pg_dump reads the catalogues: long queries, thousands of rows.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --filter data --packets 60 --version-of 'pg_dump --version' -- \
    pg_dump -f /dev/null
