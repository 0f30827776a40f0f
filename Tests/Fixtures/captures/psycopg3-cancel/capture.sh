#!/usr/bin/env bash
# psycopg 3 cancels from another thread.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --version-of '/usr/bin/python3 -c "import psycopg; print('\''psycopg'\'', psycopg.__version__)"' -- \
    /usr/bin/python3 client.py
