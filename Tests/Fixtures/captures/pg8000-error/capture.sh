#!/usr/bin/env bash
# pg8000: an error in a transaction, rolled back.
set -euo pipefail
cd "$(dirname "$0")"
export CAPTURE_PYTHON=${CAPTURE_PYTHON:-python3}
exec ../../../../script/capture --make . --user app_md5 \
    --version-of "$CAPTURE_PYTHON -c 'import pg8000; print(\"pg8000\", pg8000.__version__)'" -- "$CAPTURE_PYTHON" client.py
