#!/usr/bin/env bash
# Login by SCRAM-SHA-256: SASLInitialResponse, SASLResponse, and the server's two messages.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --user app_scram --version-of 'psql --version' -- \
    psql -X -c 'select current_user'
