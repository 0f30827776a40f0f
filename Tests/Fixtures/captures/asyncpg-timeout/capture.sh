#!/usr/bin/env bash
# asyncpg's timeout: it cancels on a connection of its own and goes on with the first.
set -euo pipefail
cd "$(dirname "$0")"
export CAPTURE_PYTHON=${CAPTURE_PYTHON:-python3}
exec ../../../../script/capture --make . \
    --version-of "$CAPTURE_PYTHON -c 'import asyncpg; print(\"asyncpg\", asyncpg.__version__)'" -- "$CAPTURE_PYTHON" client.py
