#!/usr/bin/env bash
# Startup parameters: options, application_name, client_encoding.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --version-of 'psql --version' -- \
    env PGOPTIONS='-c work_mem=2MB -c search_path=pg_catalog,\ public' PGAPPNAME=captured PGCLIENTENCODING=LATIN1 psql -X -c 'show work_mem'
