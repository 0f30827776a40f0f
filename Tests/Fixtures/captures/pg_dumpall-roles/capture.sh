#!/usr/bin/env bash
# pg_dumpall of the roles alone: a whole session of its.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --version-of 'pg_dumpall --version' -- pg_dumpall -r --no-sync -f /dev/null
