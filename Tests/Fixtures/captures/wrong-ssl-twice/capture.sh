#!/usr/bin/env bash
# SSLRequest twice: the second one is a protocol version that does not exist.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --version-of '/usr/bin/python3 --version' -- /usr/bin/python3 client.py
