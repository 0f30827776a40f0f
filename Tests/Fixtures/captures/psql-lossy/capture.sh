#!/usr/bin/env bash
# A session of whose packets some are missing in the file, and others are out of order: what is lost is told,
# and nothing is guessed.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --damage disorder,lose --version-of 'psql --version' -- \
    psql -X -o /dev/null -c 'select i, repeat(i::text, 30000) from generate_series(1, 5) i' -c 'select 2'
