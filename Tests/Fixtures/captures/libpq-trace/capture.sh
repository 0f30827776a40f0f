#!/usr/bin/env bash
# A bit of everything after login, of which libpq itself wrote a trace: `libpq.trace` is what its PQtrace
# printed of these very messages, and a test compares ours with it.
set -euo pipefail
cd "$(dirname "$0")"
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
cc -O1 -Wall -I/usr/include/postgresql -o "$build/client" client.c -lpq
../../../../script/capture --make . --version-of '/usr/lib/postgresql/15/bin/psql --version | sed s/psql/libpq/' -- \
    "$build/client" libpq.trace
