#!/usr/bin/env bash
# Login by A password in clear text, as the gateway asks for the token.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --user app_password --version-of 'psql --version' -- \
    psql -X -c 'select current_user'
