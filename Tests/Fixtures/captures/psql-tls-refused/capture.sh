#!/usr/bin/env bash
# sslmode=require against a server without TLS: SSLRequest, N, and the client leaves.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --status 2 --version-of 'psql --version' -- \
    env PGSSLMODE=require psql -X -c 'select 1'
