#!/usr/bin/env bash
# The archive is made over the Unix socket, where nothing is captured.
set -euo pipefail
archive=$(mktemp)
trap 'rm -f "$archive"' EXIT
pg_dump -h "$CAPTURE_SOCKET" -Fc -t items -f "$archive"
pg_restore -d capture --clean "$archive"
