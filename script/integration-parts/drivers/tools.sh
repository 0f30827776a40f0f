#!/usr/bin/env bash
# PostgreSQL's own tools, one a run: what each says must be what it says direct.
set -u
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export PGAPPNAME=tools

step() {
    local name=$1 value
    if value=$("${@:2}" 2>&1); then
        printf '%s\tok\t%s\n' "$name" "$(tr '\n' ' ' <<<"$value" | sed 's/ *$//')"
    else
        printf '%s\tfailed\t%s\n' "$name" "$(tr '\n' ' ' <<<"$value")"
    fi
}
hash() { sha256sum | cut -c 1-16; }
bench() {
    printf '%s\n' '\set id random(1, 500)' 'SELECT label FROM drivers.parts WHERE id = :id;' \
        'UPDATE drivers.parts SET price = price + 1 WHERE id = :id;' >"$folder/script"
    pgbench -n -M "$1" -c 1 -t 50 --random-seed=7 -f "$folder/script" | grep -E 'processed|failed'
}
piped() {
    printf '%s\n' '\startpipeline' '\set id random(1, 500)' 'SELECT label FROM drivers.parts WHERE id = :id;' \
        'SELECT drivers.twice(:id::int);' '\endpipeline' >"$folder/script"
    pgbench -n -M "$1" -c 1 -t 50 --random-seed=7 -f "$folder/script" | grep -E 'processed|failed'
}
initialised() {
    pgbench -i -q -s 1 2>/dev/null
    psql -X -A -t -c 'SELECT count(*) FROM pgbench_accounts' -c 'DROP TABLE pgbench_accounts, pgbench_branches, pgbench_tellers, pgbench_history'
}
dumped() { pg_dump -n drivers "$@" | grep -v '^-- Dumped\|restrict ' | hash; }
restored() {
    pg_dump -n drivers -F custom -f "$folder/dump" || return
    psql -X -q -c 'ALTER SCHEMA drivers RENAME TO kept' || return
    pg_restore -d "$PGDATABASE" --exit-on-error "$folder/dump" || return
    psql -X -A -t -c 'SELECT count(*), sum(price) FROM drivers.parts'
    psql -X -q -c 'SET client_min_messages = warning' -c 'DROP SCHEMA drivers CASCADE' -c 'ALTER SCHEMA kept RENAME TO drivers'
}
parallel() {
    pg_dump -n drivers -F directory -j 2 -f "$folder/parallel" || return
    pg_restore -f - "$folder/parallel" | grep -v '^-- Dumped\|restrict ' | hash
}

case $1 in
    pgbench)
        step simple bench simple
        step extended bench extended
        step prepared bench prepared
        step 'pipeline, extended' piped extended
        step 'pipeline, prepared' piped prepared
        step initialise initialised
        ;;
    pg_dump)
        step plain dumped
        step schema dumped --schema-only
        step inserts dumped --inserts
        step 'two jobs' parallel
        ;;
    pg_restore) step 'custom format' restored ;;
    pg_isready) step 'accepts connections' bash -c 'pg_isready | sed "s/.* - //"' ;;
    vacuumdb)
        step table vacuumdb --echo -t drivers.parts
        step analyze vacuumdb --analyze-only -t drivers.parts
        step 'two jobs' vacuumdb -j 2 -t drivers.parts -t pg_catalog.pg_depend
        ;;
    reindexdb) step table reindexdb --echo -t drivers.parts ;;
    clusterdb) step table clusterdb -t drivers.parts ;;
esac
printf 'version\tok\t%s\n' "$("$1" --version | awk '{ print $3 }')"
