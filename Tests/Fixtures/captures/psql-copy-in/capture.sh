#!/usr/bin/env bash
# COPY FROM STDIN as text: CopyInResponse, CopyData, CopyDone.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --version-of 'psql --version' -- psql -X -c '\copy items from rows.tsv'
