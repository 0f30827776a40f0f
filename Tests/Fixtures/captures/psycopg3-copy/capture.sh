#!/usr/bin/env bash
# psycopg 3's COPY: rows in text and binary, and one given up by an exception.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --version-of '/usr/bin/python3 -c "import psycopg; print('\''psycopg'\'', psycopg.__version__)"' -- \
    /usr/bin/python3 client.py
