#!/usr/bin/env bash
# pgjdbc's fetch size: a named portal, Execute with a limit, PortalSuspended, Close.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --version-of 'dpkg-query -W -f '\''${Package} ${Version}\n'\'' libpostgresql-jdbc-java' -- \
    java -cp /usr/share/java/postgresql.jar Client.java
