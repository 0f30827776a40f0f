#!/usr/bin/env bash
# A login, then a frame of a type that does not exist: 08P01 and the end.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --version-of '/usr/bin/python3 --version' -- /usr/bin/python3 client.py
