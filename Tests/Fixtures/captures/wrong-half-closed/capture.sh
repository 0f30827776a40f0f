#!/usr/bin/env bash
# The client closes its side behind its last Query and still reads the answer.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --version-of '/usr/bin/python3 --version' -- /usr/bin/python3 client.py
