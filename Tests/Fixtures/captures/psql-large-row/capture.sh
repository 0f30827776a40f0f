#!/usr/bin/env bash
# A row of 100,000 bytes, in many segments.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --version-of 'psql --version' -- \
    psql -X -o /dev/null -c "select repeat('0123456789', 10000), 1" -c 'select 2'
