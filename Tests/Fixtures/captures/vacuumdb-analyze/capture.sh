#!/usr/bin/env bash
# vacuumdb: catalogue queries, then VACUUM, which runs outside of transactions.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --version-of 'vacuumdb --version' -- vacuumdb -z -j 2 -t items capture
