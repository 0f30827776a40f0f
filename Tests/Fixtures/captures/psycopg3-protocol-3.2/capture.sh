#!/usr/bin/env bash
# A client that asks for protocol 3.2 of a server that speaks 3.0: NegotiateProtocolVersion.
set -euo pipefail
cd "$(dirname "$0")"
export CAPTURE_PYTHON=${CAPTURE_PYTHON:-python3}
exec ../../../../script/capture --make . \
    --version-of "$CAPTURE_PYTHON -c 'import psycopg; print(\"psycopg\", psycopg.__version__)'" -- "$CAPTURE_PYTHON" client.py
