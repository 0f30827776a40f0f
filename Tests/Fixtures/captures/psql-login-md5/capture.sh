#!/usr/bin/env bash
# Login with a password as an MD5 hash with the server's salt.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --user app_md5 --version-of 'psql --version' -- \
    psql -X -c 'select current_user'
