#!/usr/bin/env bash
# An SSH client on the port.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --version-of 'ssh -V' -- \
    sh -c 'ssh -o BatchMode=yes -o ConnectTimeout=5 -o StrictHostKeyChecking=no -p "$PGPORT" "nobody@$PGHOST" true >/dev/null 2>&1 || true'
