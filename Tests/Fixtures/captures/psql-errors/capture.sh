#!/usr/bin/env bash
# Errors outside and inside of a transaction: a syntax error with its position, a constraint with its names,
# statements refused until the end of the failed transaction.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --version-of 'psql --version' -- psql -X -f client.sql
