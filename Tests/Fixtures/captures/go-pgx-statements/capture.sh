#!/usr/bin/env bash
# Go's pgx 4: statements prepared by name, binary values, a simple-protocol query.
set -euo pipefail
cd "$(dirname "$0")"
export GO111MODULE=off GOPATH=/usr/share/gocode
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
go build -o "$build/client" client.go
../../../../script/capture --make . --version-of 'dpkg-query -W -f '\''${Package} ${Version}\n'\'' golang-github-jackc-pgx-v4-dev' -- \
    "$build/client"
