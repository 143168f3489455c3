#!/usr/bin/env bash
# pt-archiver's way, which speaks no PostgreSQL, as a loop: --bulk-delete
# --limit 1000 --commit-each walks the primary key upwards, a thousand rows a
# transaction, and writes down what it removed; the files of that list go last.
#
#   by_id_loop.sh STORE
set -euo pipefail

store=$1
rows=$(mktemp)
removed=$(mktemp)
trap 'rm -f "$rows" "$removed"' EXIT

delete_after() { # id
  psql -qXAt -v ON_ERROR_STOP=1 -v after="$1" -v store="$store" <<'SQL'
DELETE FROM ci_pipeline_artifacts
WHERE id IN (SELECT id FROM ci_pipeline_artifacts
             WHERE id > :after AND expire_at < now() AND locked = 0
             ORDER BY id LIMIT 1000)
RETURNING id, (SELECT :'store' || '/' || substr(h, 1, 2) || '/' ||
                      substr(h, 3, 2) || '/' || h || '/pipelines/' ||
                      pipeline_id || '/artifacts/' || id || '/' || file
               FROM encode(sha256(project_id::text::bytea), 'hex') AS h);
SQL
}

last=0
while delete_after "$last" >"$rows" && [[ -s $rows ]]; do
  cut -d '|' -f 2- "$rows" >>"$removed"
  last=$(cut -d '|' -f 1 "$rows" | sort -n | tail -1)
done
xargs -r -d '\n' rm -f -- <"$removed"
