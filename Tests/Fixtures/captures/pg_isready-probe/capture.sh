#!/usr/bin/env bash
# pg_isready where no password is asked for: a login with nothing behind it but Terminate.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --version-of 'pg_isready --version' -- pg_isready
