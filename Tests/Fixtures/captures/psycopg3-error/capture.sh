#!/usr/bin/env bash
# psycopg 3: an error in the extended protocol, a savepoint, a failed transaction.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --version-of '/usr/bin/python3 -c "import psycopg; print('\''psycopg'\'', psycopg.__version__)"' -- \
    /usr/bin/python3 client.py
