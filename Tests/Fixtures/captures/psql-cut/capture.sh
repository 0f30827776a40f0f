#!/usr/bin/env bash
# A capture with a snap length of 200 bytes: packets are cut, what is missing of frames is told, and frames go
# on behind it where their lengths say where.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --snap 200 --version-of 'psql --version' -- \
    psql -X -c "select repeat('x', 600)" -c 'select 2'
