#!/usr/bin/env bash
# PHP's pgsql functions: pg_query, pg_query_params, pg_prepare, pg_copy_from.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --version-of 'php --version' -- php client.php
