#!/usr/bin/env bash
# A minor version from the future and an option of the protocol that nobody knows: NegotiateProtocolVersion,
# then the session goes on.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --version-of '/usr/bin/python3 --version' -- /usr/bin/python3 client.py
