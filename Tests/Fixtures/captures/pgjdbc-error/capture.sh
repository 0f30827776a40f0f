#!/usr/bin/env bash
# pgjdbc: an error in a batch and in a transaction, and a savepoint.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --user app_scram --version-of 'dpkg-query -W -f '\''${Package} ${Version}\n'\'' libpostgresql-jdbc-java' -- \
    java -cp /usr/share/java/postgresql.jar Client.java
