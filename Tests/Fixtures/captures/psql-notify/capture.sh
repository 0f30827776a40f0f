#!/usr/bin/env bash
# LISTEN, NOTIFY and the NotificationResponse, which answers nothing.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --version-of 'psql --version' -- psql -X -f client.sql
