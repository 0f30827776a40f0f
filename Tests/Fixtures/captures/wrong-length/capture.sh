#!/usr/bin/env bash
# A login, then a Query whose length says 3: the server closes without a message.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --version-of '/usr/bin/python3 --version' -- /usr/bin/python3 client.py
