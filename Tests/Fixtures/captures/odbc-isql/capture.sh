#!/usr/bin/env bash
# The ODBC driver psqlodbc, by unixODBC's isql.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --version-of 'dpkg-query -W -f '\''${Package} ${Version}\n'\'' odbc-postgresql' -- \
    bash client.sh
