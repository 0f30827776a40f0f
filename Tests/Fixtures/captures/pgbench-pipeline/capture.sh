#!/usr/bin/env bash
# pgbench's \startpipeline: statements of one transaction without waiting.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --version-of '/usr/lib/postgresql/15/bin/pgbench --version' -- \
    /usr/lib/postgresql/15/bin/pgbench -n -M extended -t 2 -f client.sql --random-seed=1
