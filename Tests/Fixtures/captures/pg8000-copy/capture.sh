#!/usr/bin/env bash
# pg8000's COPY with a stream.
set -euo pipefail
cd "$(dirname "$0")"
export CAPTURE_PYTHON=${CAPTURE_PYTHON:-python3}
exec ../../../../script/capture --make . \
    --version-of "$CAPTURE_PYTHON -c 'import pg8000; print(\"pg8000\", pg8000.__version__)'" -- "$CAPTURE_PYTHON" client.py
