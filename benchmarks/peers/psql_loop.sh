#!/usr/bin/env bash
# The loop that an SRE writes in an hour: a thousand rows by ctid, their files by
# xargs rm, until a DELETE returns nothing.
#
#   psql_loop.sh STORE [ROWS_A_STATEMENT]
set -euo pipefail

store=$1
limit=${2:-1000}

delete_some() {
  psql -qXAt -v ON_ERROR_STOP=1 -v store="$store" -v limit="$limit" <<'SQL'
DELETE FROM ci_pipeline_artifacts
WHERE ctid IN (SELECT ctid FROM ci_pipeline_artifacts
               WHERE expire_at < now() AND locked = 0
               LIMIT :limit)
RETURNING (SELECT :'store' || '/' || substr(h, 1, 2) || '/' ||
                  substr(h, 3, 2) || '/' || h || '/pipelines/' ||
                  pipeline_id || '/artifacts/' || id || '/' || file
           FROM encode(sha256(project_id::text::bytea), 'hex') AS h);
SQL
}

while paths=$(delete_some) && [[ -n $paths ]]; do
  xargs -d '\n' rm -f -- <<<"$paths"
done
