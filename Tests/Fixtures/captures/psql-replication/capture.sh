#!/usr/bin/env bash
# A replication connection to a database: IDENTIFY_SYSTEM and SHOW in the replication grammar.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --version-of 'psql --version' -- \
    psql -X 'dbname=capture replication=database' -c 'IDENTIFY_SYSTEM' -c 'SHOW wal_level'
