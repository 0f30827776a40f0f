#!/usr/bin/env bash
# Ruby's pg: exec_params, prepare, exec_prepared, an error.
set -euo pipefail
cd "$(dirname "$0")"
exec ../../../../script/capture --make . --version-of 'ruby -e '\''require "pg"; puts "ruby-pg #{PG::VERSION}"'\''' -- \
    ruby client.rb
