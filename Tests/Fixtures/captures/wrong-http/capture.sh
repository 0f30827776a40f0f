#!/usr/bin/env bash
# An HTTP client on the port: PostgreSQL takes `GET ` for a length and closes without a word.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --version-of 'curl --version' -- \
    sh -c 'curl -s -m 5 "http://$PGHOST:$PGPORT/" || true'
