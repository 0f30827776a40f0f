#!/usr/bin/env bash
# COPY TO STDOUT as text, as CSV and binary.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --version-of 'psql --version' -- \
    psql -X -q -c 'copy items to stdout' -c 'copy (select id from items) to stdout csv header' -c 'copy items to stdout binary' -o /dev/null
