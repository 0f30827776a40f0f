#!/usr/bin/env bash
# psql: one session for what a script does, then \d commands, \copy, \gexec, \watch and a Ctrl-C.
set -u

step() {
    local name=$1 value
    if value=$("${@:2}" 2>&1); then
        printf '%s\tok\t%s\n' "$name" "$(tr '\n' ' ' <<<"$value" | sed 's/ *$//')"
    else
        printf '%s\tfailed\t%s\n' "$name" "$(tr '\n' ' ' <<<"$value")"
    fi
}
q() { psql -X -q -A -t -v ON_ERROR_STOP=0 "$@"; }

prepared() {
    q <<<'PREPARE twice (int) AS SELECT $1 * 2;
SELECT format($$EXECUTE twice (%s)$$, i) FROM generate_series(1, 20) i \gexec' | awk '{ n += $1 } END { print n }'
}
batch() { q -c 'CREATE TEMPORARY TABLE items (id int); INSERT INTO items SELECT generate_series(1, 100); SELECT count(*) FROM items'; }
copy_in() {
    q -c 'CREATE TEMPORARY TABLE copied (id int, label text)' -c '\copy copied FROM pstdin' \
        -c 'SELECT count(*) FROM copied' < <(for i in $(seq 1000); do printf '%d\tcopied %d\n' "$i" "$i"; done)
}
copy_out() { q -c "\\copy (SELECT i, 'copied ' || i FROM generate_series(1, 1000) i) TO STDOUT" | grep -c '	copied '; }
error() {
    q <<<"CREATE TEMPORARY TABLE items (id int);
INSERT INTO items SELECT generate_series(1, 100);
BEGIN;
INSERT INTO items VALUES (-1);
SELECT 1 / 0;
\\echo :LAST_ERROR_SQLSTATE
SELECT 1;
\\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
SELECT count(*) FROM items;" 2>/dev/null
}
cancel() {
    # psql takes SIGINT as a terminal's Ctrl-C, sends a cancel request and ends.
    exec 3>&1
    psql -X -v VERBOSITY=sqlstate -c 'SELECT pg_sleep(30)' 2> >(sed -n 's/^ERROR: *//p' >&3) &
    sleep 1
    kill -INT $!
    wait $!
    q -c 'SELECT 1'
}
large() {
    q -f <(printf "SELECT length('"; head -c 1500000 /dev/zero | tr '\0' y; printf "');\nSELECT length(repeat('x', 3000000));\n")
}
many() {
    q -v FETCH_COUNT=10000 -c "SELECT i, 'row ' || i FROM generate_series(1, 100000) i" |
        awk -F '|' '$2 == "row " $1 { n++; total += $1 } END { printf "%d %.0f\n", n, total }'
}
notice() { q -c "DO \$\$ BEGIN RAISE NOTICE 'hello from the server'; END \$\$" 2>&1 | sed 's/^NOTICE: *//'; }
notification() {
    q -c 'LISTEN news' -c "NOTIFY news, 'something new'" |
        sed -n 's/^Asynchronous notification "\(.*\)" with payload "\(.*\)" received.*/\1 \2/p'
}
described() {
    for command in '\d' '\dt *.parts' '\d drivers.parts' '\d+ drivers.dear' '\df drivers.*' '\dn' '\du' '\l' '\dx' '\di+ drivers.*' \
        '\sf drivers.twice' '\dconfig work_mem' '\conninfo'; do
        psql -X -c "$command" | sed 's/port "[0-9]*"//; s/[0-9]* [kM]B//'
    done | sha256sum | cut -c 1-16
}

export PGAPPNAME=psql
step login q -c "SELECT current_user || ' ' || current_database()"
step simple q -c 'SELECT 6 * 7'
printf 'parameters\tnot offered\t%s\n' 'not in this version'
step prepared prepared
step batch batch
step 'copy in' copy_in
step 'copy out' copy_out
step error error
step cancel cancel
step large large
step many many
step notice notice
step notify notification
step '\d commands' described
step close echo closed
printf 'version\tok\t%s\n' "$(psql --version | awk '{ print $3 }')"
