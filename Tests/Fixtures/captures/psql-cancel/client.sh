#!/usr/bin/env bash
# Ends psql's statement as Ctrl-C would, once it runs.
set -m
psql -X -c 'select pg_sleep(20)' &
sleep 1.5
kill -INT %1
wait
exit 0
