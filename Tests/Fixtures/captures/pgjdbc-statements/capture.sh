#!/usr/bin/env bash
# pgjdbc: everything in the extended protocol; a statement that becomes a named one with its fifth use.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --version-of 'dpkg-query -W -f '\''${Package} ${Version}\n'\'' libpostgresql-jdbc-java' -- \
    java -cp /usr/share/java/postgresql.jar Client.java
