#!/usr/bin/env bash
# A capture of Linux' any device in its older form: link type 113 (LINUX_SLL).
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --interface any --link LINUX_SLL --version-of 'psql --version' -- \
    psql -X -c 'select 1'
