#include "db/status_queries.hpp"

#include <string>

namespace db {
namespace {

// One statement, so that jobs, stages and pipeline are of one snapshot.
const Query read_query{"status.read", R"sql(
SELECT 0, p.id::bigint, p.id::bigint, coalesce(p.lock_version, -1)::bigint,
       0::bigint, p.status::text, false, false, false, false,
       p.started_at, NULL::timestamp, now() AT TIME ZONE 'UTC'
FROM ci_pipelines AS p
WHERE p.id = ANY ($1::bigint[])
UNION ALL
SELECT 1, s.pipeline_id, s.id, coalesce(s.lock_version, -1),
       coalesce(s.position, -1), s.status::text, false, false, false, false,
       NULL, NULL, NULL
FROM ci_stages AS s
WHERE s.pipeline_id = ANY ($1::bigint[])
UNION ALL
SELECT 2, b.commit_id, b.id, coalesce(b.lock_version, -1),
       coalesce(b.stage_idx, -2), b.status::text, b.allow_failure,
       coalesce(b.type = 'Ci::Build', false), b.processed IS TRUE,
       b.status = 'failed' AND b.failure_reason IS NOT DISTINCT FROM 14,
       b.started_at, b.finished_at, NULL
FROM ci_builds AS b
WHERE b.commit_id = ANY ($1::bigint[]) AND b.retried IS NOT TRUE
ORDER BY 1, 3
)sql"};

// Locks in one order everywhere: stages, pipelines, jobs, each by id.  Who is
// locked has still the lock_version that was read, or is not in `held_*`.
constexpr const char* write_rows = R"sql(
WITH stage_change AS (
    SELECT *
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[])
        AS c (id, pipeline_id, lock_version, status)
),
pipeline_change AS (
    SELECT *
    FROM unnest($5::bigint[], $6::bigint[], $7::text[], $8::bigint[])
        AS c (id, lock_version, status, duration)
),
job AS (
    SELECT *
    FROM unnest($9::bigint[], $10::bigint[], $11::bigint[])
        AS j (id, pipeline_id, lock_version)
),
held_stage AS MATERIALIZED (
    SELECT s.id
    FROM ci_stages AS s
    JOIN stage_change AS c ON c.id = s.id
    WHERE s.lock_version IS NOT DISTINCT FROM nullif(c.lock_version, -1)
    ORDER BY s.id
    FOR NO KEY UPDATE OF s
),
held_pipeline AS MATERIALIZED (
    SELECT p.id
    FROM ci_pipelines AS p
    JOIN pipeline_change AS c ON c.id = p.id
    WHERE p.lock_version IS NOT DISTINCT FROM nullif(c.lock_version, -1)
    ORDER BY p.id
    FOR NO KEY UPDATE OF p
),
moved AS MATERIALIZED (
    SELECT c.pipeline_id AS id
    FROM stage_change AS c
    WHERE NOT EXISTS (SELECT FROM held_stage AS h WHERE h.id = c.id)
    UNION
    SELECT c.id
    FROM pipeline_change AS c
    WHERE NOT EXISTS (SELECT FROM held_pipeline AS h WHERE h.id = c.id)
),
stage AS (
    UPDATE ci_stages AS s
    SET status = c.status,
        updated_at = now() AT TIME ZONE 'UTC',
        lock_version = coalesce(s.lock_version, 0) + 1
    FROM stage_change AS c
    WHERE s.id = c.id
      AND NOT EXISTS (SELECT FROM moved AS m WHERE m.id = c.pipeline_id)
),
pipeline AS (
    UPDATE ci_pipelines AS p
    SET status = c.status,
        updated_at = now() AT TIME ZONE 'UTC',
        lock_version = coalesce(p.lock_version, 0) + 1,
        started_at = CASE WHEN c.status = 'running'
                          THEN coalesce(p.started_at, now() AT TIME ZONE 'UTC')
                          ELSE p.started_at END,
        finished_at = CASE WHEN c.status IN ('success', 'failed', 'canceled')
                           THEN now() AT TIME ZONE 'UTC'
                           ELSE p.finished_at END,
        duration = coalesce(nullif(c.duration, -1), p.duration)CLEARED
    FROM pipeline_change AS c
    WHERE p.id = c.id
      AND NOT EXISTS (SELECT FROM moved AS m WHERE m.id = c.id)
    RETURNING p.id, p.status, REF AS ci_ref_id
),
held_job AS MATERIALIZED (
    SELECT b.id
    FROM ci_builds AS b
    JOIN job AS j ON j.id = b.id
    WHERE b.lock_version IS NOT DISTINCT FROM nullif(j.lock_version, -1)
      AND NOT EXISTS (SELECT FROM moved AS m WHERE m.id = j.pipeline_id)
    ORDER BY b.id
    FOR NO KEY UPDATE OF b
),
marked AS (
    UPDATE ci_builds AS b
    SET processed = true
    FROM held_job AS h
    WHERE b.id = h.id
))sql";

// A ref follows its last finished pipeline: unknown 0, success 1, failed 2,
// fixed 3, broken 4, still failing 5.  Sources that GitLab calls dangling
// (child pipelines, scans, the web IDE, policies) don't count.
constexpr const char* write_refs = R"sql(,
ref AS (
    UPDATE ci_refs AS r
    SET status = CASE
            WHEN n.status = 'success' AND r.status IN (2, 4, 5) THEN 3
            WHEN n.status = 'success' THEN 1
            WHEN r.status = 0 THEN 2
            WHEN r.status IN (1, 3) THEN 4
            ELSE 5 END,
        lock_version = r.lock_version + 1
    FROM (SELECT DISTINCT ON (ci_ref_id) ci_ref_id, id, status
          FROM pipeline
          WHERE ci_ref_id IS NOT NULL AND status IN ('success', 'failed')
          ORDER BY ci_ref_id, id DESC) AS n
    JOIN ci_pipelines AS own ON own.id = n.id
    WHERE r.id = n.ci_ref_id
      AND coalesce(own.source, 0) NOT IN (9, 12, 13, 14, 15, 16, 17, 18)
      AND NOT EXISTS (
          SELECT
          FROM ci_pipelines AS later
          WHERE later.ci_ref_id = r.id AND later.id > n.id
            AND later.status IN ('success', 'failed', 'canceled')
            AND coalesce(later.source, 0)
                NOT IN (9, 12, 13, 14, 15, 16, 17, 18))
))sql";

constexpr const char* write_answer = R"sql(
SELECT id::bigint FROM moved
UNION
SELECT j.pipeline_id
FROM job AS j
WHERE NOT EXISTS (SELECT FROM held_job AS h WHERE h.id = j.id)
)sql";

std::string with(std::string text, const std::string& mark,
                 const std::string& value) {
  return text.replace(text.find(mark), mark.size(), value);
}

}  // namespace

const Query& read_status_query() {
  return read_query;
}

Query write_status_query(const Catalog& catalog) {
  const bool refs = catalog.serves("ci_refs") &&
                    catalog.has("ci_pipelines", "ci_ref_id") &&
                    catalog.has("ci_pipelines", "source");
  const bool clears = catalog.has("ci_pipelines", "auto_canceled_by_id");
  std::string text = with(write_rows, "CLEARED",
                          clears ? R"sql(,
        auto_canceled_by_id = CASE WHEN p.status = 'canceled' THEN NULL
                                   ELSE p.auto_canceled_by_id END)sql"
                                 : "");
  text = with(text, "REF", refs ? "p.ci_ref_id" : "NULL::bigint");
  return {"status.write", text + (refs ? write_refs : "") + write_answer};
}

}  // namespace db
