#!/usr/bin/env bash
# A client with libpq 18 closes a prepared statement by Close instead of DEALLOCATE.
set -euo pipefail
cd "$(dirname "$0")"
export CAPTURE_PYTHON=${CAPTURE_PYTHON:-python3}
exec ../../../../script/capture --make . \
    --version-of "$CAPTURE_PYTHON -c 'import psycopg; print(\"psycopg\", psycopg.__version__)'" -- "$CAPTURE_PYTHON" client.py
