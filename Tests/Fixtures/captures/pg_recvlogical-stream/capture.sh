#!/usr/bin/env bash
# Logical replication: CREATE_REPLICATION_SLOT, START_REPLICATION, CopyBothResponse, CopyData in both
# directions, CopyDone in both.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --version-of '/usr/lib/postgresql/15/bin/pg_recvlogical --version' -- \
    bash client.sh
