#!/usr/bin/env bash
# The same over IPv6.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --host ::1 --version-of 'psql --version' -- psql -X -c 'select 1'
