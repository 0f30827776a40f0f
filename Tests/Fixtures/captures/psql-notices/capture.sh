#!/usr/bin/env bash
# NOTICEs of several severities before the rows, and ParameterStatus when a reported setting changes.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --version-of 'psql --version' -- psql -X -f client.sql
