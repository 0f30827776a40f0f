#!/usr/bin/env bash
# libpq's pipeline mode: several statements before one Sync, an error in the second pipeline that skips the
# rest of it, and a third that goes well.
set -euo pipefail
cd "$(dirname "$0")"
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
cc -O1 -Wall -I/usr/include/postgresql -o "$build/client" client.c -lpq
../../../../script/capture --make . --version-of '/usr/lib/postgresql/15/bin/psql --version | sed s/psql/libpq/' -- \
    "$build/client"
