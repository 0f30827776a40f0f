#!/usr/bin/env bash
# A binary COPY both ways: formats of the columns are 1.
set -euo pipefail
cd "$(dirname "$0")"
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
cc -O1 -Wall -I/usr/include/postgresql -o "$build/client" client.c -lpq
../../../../script/capture --make . --version-of '/usr/lib/postgresql/15/bin/psql --version | sed s/psql/libpq/' -- \
    "$build/client"
