#!/usr/bin/env bash
# pg_restore of a table: DDL and COPY FROM STDIN, whose data comes in pieces of the archive's.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --version-of 'pg_restore --version' -- bash client.sh
