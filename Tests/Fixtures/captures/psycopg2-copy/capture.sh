#!/usr/bin/env bash
# psycopg2's copy_expert both ways.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --version-of '/usr/bin/python3 -c "import psycopg2; print('\''psycopg2'\'', psycopg2.__version__)"' -- \
    /usr/bin/python3 client.py
