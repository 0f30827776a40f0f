#!/usr/bin/env bash
# COPY FROM STDIN of a program that fails without a word: psql sends CopyDone all the same, and the COPY is
# empty.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --status 0 --version-of 'psql --version' -- \
    psql -X -c "\\copy items from program 'exit 3'" -c 'select 1'
