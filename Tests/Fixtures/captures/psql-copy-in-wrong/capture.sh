#!/usr/bin/env bash
# COPY FROM STDIN with a row that does not fit: the server reads the data to its end, ignores what stands
# behind the row, and answers with the error.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --status 1 --version-of 'psql --version' -- \
    psql -X -c '\copy items from rows.tsv'
