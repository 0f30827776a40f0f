#!/usr/bin/env bash
# A MySQL client on the port waits for the server to speak first, and so does PostgreSQL, until its
# authentication_timeout (3 s here) ends the connection.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --version-of 'mariadb --version' -- \
    sh -c 'mariadb -h "$PGHOST" -P "$PGPORT" --connect-timeout=8 -e "select 1" >/dev/null 2>&1 || true'
