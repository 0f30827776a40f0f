#!/usr/bin/env bash
# Ctrl-C during a statement: a CancelRequest on a connection of its own, which is closed without an answer,
# and the statement's error 57014 on the first.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --version-of 'psql --version' -- bash client.sh
