#!/usr/bin/env bash
# A capture of Linux' any device: link type 276 (LINUX_SLL2).
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --interface any --link LINUX_SLL2 --version-of 'psql --version' -- \
    psql -X -c 'select 1'
