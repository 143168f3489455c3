#!/usr/bin/env bash
# The limit: the same row work in one statement, then one thread that unlinks;
# with a third word, the entries of the queue are deleted again then.
#
#   single_statement.sh STORE LIST [forget]
set -euo pipefail

sql() {
  psql -qXAt -v ON_ERROR_STOP=1 "$@" >/dev/null
}

sql -f "$(dirname "$0")/single_statement.sql"
build/bench-files remove "$1" <"$2" >/dev/null
[[ ${3-} != forget ]] ||
  sql -c 'DELETE FROM ci_deleted_objects WHERE pick_up_at > now()'
