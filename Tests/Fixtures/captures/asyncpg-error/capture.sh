#!/usr/bin/env bash
# asyncpg: errors in Parse, in Bind and in Execute, and a transaction rolled back.
set -euo pipefail
cd "$(dirname "$0")"
export CAPTURE_PYTHON=${CAPTURE_PYTHON:-python3}
exec ../../../../script/capture --make . \
    --version-of "$CAPTURE_PYTHON -c 'import asyncpg; print(\"asyncpg\", asyncpg.__version__)'" -- "$CAPTURE_PYTHON" client.py
