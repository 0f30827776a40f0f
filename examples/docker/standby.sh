#!/usr/bin/env bash
# The entry point of a standby: copies the primary where the data folder is empty, then goes on as the image does.
set -euo pipefail
slot=$1
shift

if [ "$(id -u)" = 0 ]; then
    mkdir -p "$PGDATA"
    chown postgres:postgres "$PGDATA"
    chmod 700 "$PGDATA"
    exec gosu postgres "$0" "$slot" "$@"
fi

if [ ! -e "$PGDATA/PG_VERSION" ]; then
    connection="host=orders-eu-a user=replicator sslmode=verify-full sslrootcert=/certificates/upstream-ca.crt"
    # A slot that an earlier, interrupted copy left behind is used again.
    PGPASSWORD=$REPLICATION_PASSWORD pg_basebackup -D "$PGDATA" -d "$connection" -R -X stream -c fast -C -S "$slot" ||
        PGPASSWORD=$REPLICATION_PASSWORD pg_basebackup -D "$PGDATA" -d "$connection" -R -X stream -c fast -S "$slot"
fi
exec docker-entrypoint.sh "$@"
