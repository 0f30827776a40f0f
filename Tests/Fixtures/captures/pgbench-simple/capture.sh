#!/usr/bin/env bash
# pgbench's script in its mode simple, two clients at once: connections that interleave.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --version-of '/usr/lib/postgresql/15/bin/pgbench --version' -- \
    /usr/lib/postgresql/15/bin/pgbench -n -M simple -c 2 -t 3 -f client.sql --random-seed=1
