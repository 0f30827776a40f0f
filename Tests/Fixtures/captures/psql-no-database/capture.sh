#!/usr/bin/env bash
# A database that does not exist: 3D000 after authentication.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --status 2 --version-of 'psql --version' -- psql -X -d nowhere -c 'select 1'
