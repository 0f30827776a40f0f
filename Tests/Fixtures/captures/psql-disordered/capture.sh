#!/usr/bin/env bash
# A session whose packets were put out of order and doubled in the file, as taps with several queues do.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --damage disorder --version-of 'psql --version' -- \
    psql -X -o /dev/null -c 'select i, repeat(i::text, 40) from generate_series(1, 900) i' -c 'select 2'
