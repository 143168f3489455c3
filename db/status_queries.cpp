#include "db/status_queries.hpp"

namespace db {
namespace {

// One statement, so that jobs, stages and pipeline are of one snapshot.
const Query read_query{"status.read", R"sql(
SELECT 0, p.id::bigint, p.id::bigint, coalesce(p.lock_version, -1)::bigint,
       0::bigint, p.status::text, false, false, false, false,
       p.started_at, NULL::timestamp, now() AT TIME ZONE 'UTC'
FROM {ci_pipelines} AS p
WHERE p.id = ANY ($1::bigint[])
  {if ci_pipelines.partition_id}AND p.partition_id = ANY ($2::bigint[]){end}
UNION ALL
SELECT 1, s.pipeline_id, s.id, coalesce(s.lock_version, -1),
       coalesce(s.position, -1), s.status::text, false, false, false, false,
       NULL, NULL, NULL
FROM {ci_stages} AS s
WHERE s.pipeline_id = ANY ($1::bigint[])
  {if ci_stages.partition_id ci_pipelines.partition_id}
  AND s.partition_id = ANY ($2::bigint[])
  {end}
UNION ALL
SELECT 2, b.commit_id, b.id, coalesce(b.lock_version, -1),
       coalesce(b.stage_idx, -2), b.status::text, b.allow_failure,
       coalesce(b.type = 'Ci::Build', false), b.processed IS TRUE,
       b.status = 'failed' AND b.failure_reason IS NOT DISTINCT FROM 14,
       b.started_at, b.finished_at, NULL
FROM {ci_builds} AS b
WHERE b.commit_id = ANY ($1::bigint[]) AND b.retried IS NOT TRUE
  {if ci_builds.partition_id ci_pipelines.partition_id}
  AND b.partition_id = ANY ($2::bigint[])
  {end}
ORDER BY 1, 3
)sql"};

}  // namespace

const Query& read_status_query() {
  return read_query;
}

}  // namespace db
