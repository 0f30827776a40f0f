#!/usr/bin/env bash
# Bytes of no protocol at all: the length they begin with is too large.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --version-of '/usr/bin/python3 --version' -- /usr/bin/python3 client.py
