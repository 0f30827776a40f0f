#!/usr/bin/env bash
# A startup packet of protocol 4.0: 0A000.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --version-of '/usr/bin/python3 --version' -- /usr/bin/python3 client.py
