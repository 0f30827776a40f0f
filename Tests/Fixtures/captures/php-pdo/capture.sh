#!/usr/bin/env bash
# PHP's PDO: statements prepared by the server, a transaction rolled back after an error.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --user app_scram --version-of 'php --version' -- php client.php
