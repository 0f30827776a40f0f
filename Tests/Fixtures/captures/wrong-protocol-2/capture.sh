#!/usr/bin/env bash
# A startup packet of protocol 2.0: refused in the form of 2.0, a string without a length.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --version-of '/usr/bin/python3 --version' -- /usr/bin/python3 client.py
