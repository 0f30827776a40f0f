#!/usr/bin/env bash
# GSSENCRequest, which Debian's PostgreSQL answers with G: the client leaves instead of the handshake.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --version-of '/usr/bin/python3 --version' -- /usr/bin/python3 client.py
