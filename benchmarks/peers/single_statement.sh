#!/usr/bin/env bash
# The limit: the same row work in one statement, then one thread that unlinks.
#
#   single_statement.sh STORE LIST
set -euo pipefail

psql -qXAt -v ON_ERROR_STOP=1 -f "$(dirname "$0")/single_statement.sql" >/dev/null
build/bench-files remove "$1" <"$2" >/dev/null
