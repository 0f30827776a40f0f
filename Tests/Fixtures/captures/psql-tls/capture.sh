#!/usr/bin/env bash
# SSLRequest answered with S: from there on the capture holds TLS, of which the bytes are counted.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --tls --version-of 'psql --version' -- psql -X -c 'select 1'
