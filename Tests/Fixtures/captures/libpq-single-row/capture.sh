#!/usr/bin/env bash
# Single-row mode with binary results, and a portal's rows all in one Execute.
set -euo pipefail
cd "$(dirname "$0")"
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
cc -O1 -Wall -I/usr/include/postgresql -o "$build/client" client.c -lpq
../../../../script/capture --make . --version-of '/usr/lib/postgresql/15/bin/psql --version | sed s/psql/libpq/' -- \
    "$build/client"
