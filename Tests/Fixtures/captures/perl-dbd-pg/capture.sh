#!/usr/bin/env bash
# Perl's DBD::Pg: server-side prepare, placeholders, an error, COPY.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --version-of 'perl -MDBD::Pg -e '\''print "DBD::Pg $DBD::Pg::VERSION\n"'\''' -- \
    perl client.pl
