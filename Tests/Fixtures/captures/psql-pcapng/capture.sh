#!/usr/bin/env bash
# A capture by dumpcap in the pcapng format, for all that the file is named capture.pcap.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --pcapng --version-of 'psql --version' -- psql -X -c 'select id from items'
