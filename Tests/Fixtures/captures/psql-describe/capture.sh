#!/usr/bin/env bash
# What psql asks of the catalogues for \d and \l: long queries and wide rows.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --version-of 'psql --version' -- psql -X -c '\d items' -c '\df greet' -c '\l'
