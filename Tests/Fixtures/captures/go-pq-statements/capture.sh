#!/usr/bin/env bash
# Go's lib/pq: prepared and unprepared statements, an error, a transaction.
set -euo pipefail
cd "$(dirname "$0")"
export GO111MODULE=off GOPATH=/usr/share/gocode
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
go build -o "$build/client" client.go
../../../../script/capture --make . --user app_scram --version-of 'dpkg-query -W -f '\''${Package} ${Version}\n'\'' golang-github-lib-pq-dev' -- \
    "$build/client"
