#!/usr/bin/env bash
# asyncpg's own SCRAM.
set -euo pipefail
cd "$(dirname "$0")"
export CAPTURE_PYTHON=${CAPTURE_PYTHON:-python3}
exec ../../../../script/capture --make . --user app_scram \
    --version-of "$CAPTURE_PYTHON -c 'import asyncpg; print(\"asyncpg\", asyncpg.__version__)'" -- "$CAPTURE_PYTHON" client.py
