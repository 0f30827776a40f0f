#!/usr/bin/env bash
# Rows of many types as text: numbers, times, arrays, JSON, bytes that are not ASCII.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --version-of 'psql --version' -- \
    psql -X -c "select 1::int2, 2.5::float8, 'NaN'::numeric, date '2020-02-29', '{1,2}'::int[], '{\"a\": 1}'::jsonb, '\\x00ff'::bytea, U&'\\00e4\\2603', ''"
