#!/usr/bin/env bash
# A TLS client that does not ask first: its ClientHello is no startup packet (direct TLS came with PostgreSQL
# 17).
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --version-of 'openssl version' -- \
    sh -c 'openssl s_client -connect "$PGHOST:$PGPORT" </dev/null >/dev/null 2>&1 || true'
