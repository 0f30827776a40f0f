#!/usr/bin/env bash
# asyncpg: Parse, Describe, Flush; Bind and Execute with binary values; its own queries for types.
set -euo pipefail
cd "$(dirname "$0")"
export CAPTURE_PYTHON=${CAPTURE_PYTHON:-python3}
exec ../../../../script/capture --make . \
    --version-of "$CAPTURE_PYTHON -c 'import asyncpg; print(\"asyncpg\", asyncpg.__version__)'" -- "$CAPTURE_PYTHON" client.py
