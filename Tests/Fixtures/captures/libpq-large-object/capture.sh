#!/usr/bin/env bash
# Large objects: libpq calls functions by FunctionCall, the oldest way to run anything.
set -euo pipefail
cd "$(dirname "$0")"
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
cc -O1 -Wall -I/usr/include/postgresql -o "$build/client" client.c -lpq
../../../../script/capture --make . --version-of '/usr/lib/postgresql/15/bin/psql --version | sed s/psql/libpq/' -- \
    "$build/client"
