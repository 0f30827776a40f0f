#!/usr/bin/env bash
# asyncpg's COPY: records in binary, and a table out.
set -euo pipefail
cd "$(dirname "$0")"
export CAPTURE_PYTHON=${CAPTURE_PYTHON:-python3}
exec ../../../../script/capture --make . \
    --version-of "$CAPTURE_PYTHON -c 'import asyncpg; print(\"asyncpg\", asyncpg.__version__)'" -- "$CAPTURE_PYTHON" client.py
