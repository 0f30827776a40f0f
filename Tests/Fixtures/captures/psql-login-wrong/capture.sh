#!/usr/bin/env bash
# A wrong password under SCRAM: 28P01 after the client's proof, and no more.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --user app_scram --status 2 --version-of 'psql --version' -- \
    env PGPASSWORD=another-synthetic-one psql -X -c 'select 1'
