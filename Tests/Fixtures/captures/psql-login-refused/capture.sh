#!/usr/bin/env bash
# pg_hba.conf refuses the role: 28000 instead of a request for a password.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --user app_refused --status 2 --version-of 'psql --version' -- \
    psql -X -c 'select 1'
