#!/usr/bin/env bash
# A client that says nothing and leaves.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --version-of '/usr/bin/python3 --version' -- /usr/bin/python3 client.py
