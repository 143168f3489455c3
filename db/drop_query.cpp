#include "db/build_queries.hpp"

#include <string>

namespace db {
namespace {

// Rows are locked jobs first, then stages, then pipelines, each in the order of
// their ids, and none is waited for, so that nobody ever waits in a circle.
// After the lock a condition is checked on the newest version.  FOR NO KEY
// UPDATE lets GitLab insert what refers to a row.
//
// Ids are named twice, by the join and as an array: by the join alone a planner
// that knows a table as small reads all of it for each slice, dead rows and
// all, which was a quarter of the statement at 10,000 jobs.
const std::string hold_rows = R"sql(
WITH seen AS (
    SELECT *
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[])
        AS s (id, pipeline_id, lock_version)
),
stage_change AS (
    SELECT *
    FROM unnest($5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[])
        AS c (id, pipeline_id, lock_version, status)
),
pipeline_change AS (
    SELECT *
    FROM unnest($9::bigint[], $10::bigint[], $11::text[], $12::bigint[])
        AS c (id, lock_version, status, duration)
),
counted AS (
    SELECT *
    FROM unnest($13::bigint[], $14::bigint[], $15::bigint[])
        AS j (id, pipeline_id, lock_version)
),
held AS MATERIALIZED (
    SELECT b.id
    FROM {ci_builds} AS b
    JOIN seen AS s ON s.id = b.id
    WHERE b.id = ANY ($1::bigint[])
      AND b.lock_version IS NOT DISTINCT FROM nullif(s.lock_version, -1)
      {if ci_builds.partition_id ci_pipelines.partition_id}
      AND b.partition_id = ANY ($17::bigint[])
      {end}
      AND b.status = ANY ($4::text[])
    ORDER BY b.id
    FOR NO KEY UPDATE OF b SKIP LOCKED
),
held_counted AS MATERIALIZED (
    SELECT b.id
    FROM {ci_builds} AS b
    JOIN counted AS j ON j.id = b.id
    WHERE b.id = ANY ($13::bigint[])
      AND b.lock_version IS NOT DISTINCT FROM nullif(j.lock_version, -1)
      {if ci_builds.partition_id ci_pipelines.partition_id}
      AND b.partition_id = ANY ($17::bigint[])
      {end}
    ORDER BY b.id
    FOR NO KEY UPDATE OF b SKIP LOCKED
),
held_stage AS MATERIALIZED (
    SELECT s.id
    FROM {ci_stages} AS s
    JOIN stage_change AS c ON c.id = s.id
    WHERE s.id = ANY ($5::bigint[])
      AND s.lock_version IS NOT DISTINCT FROM nullif(c.lock_version, -1)
      {if ci_stages.partition_id ci_pipelines.partition_id}
      AND s.partition_id = ANY ($17::bigint[])
      {end}
    ORDER BY s.id
    FOR NO KEY UPDATE OF s SKIP LOCKED
),
held_pipeline AS MATERIALIZED (
    SELECT p.id
    FROM {ci_pipelines} AS p
    JOIN pipeline_change AS c ON c.id = p.id
    WHERE p.id = ANY ($9::bigint[])
      AND p.lock_version IS NOT DISTINCT FROM nullif(c.lock_version, -1)
      {if ci_pipelines.partition_id}
      AND p.partition_id = ANY ($17::bigint[])
      {end}
    ORDER BY p.id
    FOR NO KEY UPDATE OF p SKIP LOCKED
),
-- Of which anything is not as it was read: their status is told later.
moved AS MATERIALIZED (
    SELECT s.pipeline_id AS id
    FROM seen AS s
    WHERE NOT EXISTS (SELECT FROM held AS h WHERE h.id = s.id)
    UNION
    SELECT j.pipeline_id
    FROM counted AS j
    WHERE NOT EXISTS (SELECT FROM held_counted AS h WHERE h.id = j.id)
    UNION
    SELECT c.pipeline_id
    FROM stage_change AS c
    WHERE NOT EXISTS (SELECT FROM held_stage AS h WHERE h.id = c.id)
    UNION
    SELECT c.id
    FROM pipeline_change AS c
    WHERE NOT EXISTS (SELECT FROM held_pipeline AS h WHERE h.id = c.id)
))sql";

// A job whose pipeline is told in the same statement is processed at once: to
// mark it later would write every index of its row once more.
const std::string drop_rows = R"sql(,
dropped AS (
    UPDATE {ci_builds} AS b
    SET status = 'failed',
        failure_reason = 14,
        finished_at = now() AT TIME ZONE 'UTC',
        updated_at = now() AT TIME ZONE 'UTC',
        processed = b.retried IS TRUE
            OR b.commit_id = ANY (ARRAY(
                SELECT t.id
                FROM unnest($16::bigint[]) AS t (id)
                WHERE NOT EXISTS (SELECT FROM moved AS m
                                  WHERE m.id = t.id))),
        scheduled_at = CASE WHEN b.type = 'Ci::Build' THEN NULL
                            ELSE b.scheduled_at END,
        token_encrypted = NULL,
        lock_version = coalesce(b.lock_version, 0) + 1
    FROM held
    WHERE b.id = held.id
      {if ci_builds.partition_id ci_pipelines.partition_id}
      AND b.partition_id = ANY ($17::bigint[])
      {end}
    RETURNING b.id, b.commit_id, b.resource_group_id
)
{if ci_pending_builds},
unqueued AS (
    DELETE FROM {ci_pending_builds} AS q
    USING dropped
    WHERE q.build_id = dropped.id
){end}
{if ci_running_builds},
stopped AS (
    DELETE FROM {ci_running_builds} AS q
    USING dropped
    WHERE q.build_id = dropped.id
){end}
{if ci_builds_runner_session},
disconnected AS (
    DELETE FROM {ci_builds_runner_session} AS s
    USING dropped
    WHERE s.build_id = dropped.id
){end},
released AS (
    UPDATE {ci_resources} AS r
    SET build_id = NULL
        {if ci_resources.partition_id}, partition_id = NULL{end}
    FROM dropped
    WHERE r.resource_group_id = dropped.resource_group_id
      AND r.build_id = dropped.id
    RETURNING dropped.id AS job_id, r.resource_group_id
))sql";

// updated_at has no time zone in any GitLab, finished_at has one in all.
const std::string end_deployments = R"sql({if deployments},
undeployed AS (
    UPDATE {deployments} AS d
    SET status = 3,
        finished_at = now(),
        updated_at = now() AT TIME ZONE 'UTC'
    FROM dropped
    WHERE d.deployable_type = 'CommitStatus'
      AND d.deployable_id = dropped.id
      AND d.status IN (0, 1, 6)
){end})sql";

const std::string tell_rows = R"sql(,
marked AS (
    UPDATE {ci_builds} AS b
    SET processed = true
    FROM counted AS j
    WHERE b.id = j.id AND b.id = ANY ($13::bigint[])
      {if ci_builds.partition_id ci_pipelines.partition_id}
      AND b.partition_id = ANY ($17::bigint[])
      {end}
      AND NOT EXISTS (SELECT FROM moved AS m WHERE m.id = j.pipeline_id)
),
stage AS (
    UPDATE {ci_stages} AS s
    SET status = c.status,
        updated_at = now() AT TIME ZONE 'UTC',
        lock_version = coalesce(s.lock_version, 0) + 1
    FROM stage_change AS c
    WHERE s.id = c.id AND s.id = ANY ($5::bigint[])
      {if ci_stages.partition_id ci_pipelines.partition_id}
      AND s.partition_id = ANY ($17::bigint[])
      {end}
      AND NOT EXISTS (SELECT FROM moved AS m WHERE m.id = c.pipeline_id)
),
pipeline AS (
    UPDATE {ci_pipelines} AS p
    SET status = c.status,
        updated_at = now() AT TIME ZONE 'UTC',
        lock_version = coalesce(p.lock_version, 0) + 1,
        started_at = CASE WHEN c.status = 'running'
                          THEN coalesce(p.started_at, now() AT TIME ZONE 'UTC')
                          ELSE p.started_at END,
        finished_at = CASE WHEN c.status IN ('success', 'failed', 'canceled')
                           THEN now() AT TIME ZONE 'UTC'
                           ELSE p.finished_at END,
        duration = coalesce(nullif(c.duration, -1), p.duration)
        {if ci_pipelines.auto_canceled_by_id},
        auto_canceled_by_id = CASE WHEN p.status = 'canceled' THEN NULL
                                   ELSE p.auto_canceled_by_id END
        {end}
    FROM pipeline_change AS c
    WHERE p.id = c.id AND p.id = ANY ($9::bigint[])
      {if ci_pipelines.partition_id}
      AND p.partition_id = ANY ($17::bigint[])
      {end}
      AND NOT EXISTS (SELECT FROM moved AS m WHERE m.id = c.id)
    RETURNING p.id, p.status
        {if ci_refs ci_pipelines.ci_ref_id ci_pipelines.source},
        p.ci_ref_id, p.source{end}
))sql";

// A ref follows its last finished pipeline: unknown 0, success 1, failed 2,
// fixed 3, broken 4, still failing 5.  Sources that GitLab calls dangling
// (child pipelines, scans, the web IDE, policies) don't count.
const std::string write_refs = R"sql(
{if ci_refs ci_pipelines.ci_ref_id ci_pipelines.source},
ref AS (
    UPDATE {ci_refs} AS r
    SET status = CASE
            WHEN n.status = 'success' AND r.status IN (2, 4, 5) THEN 3
            WHEN n.status = 'success' THEN 1
            WHEN r.status = 0 THEN 2
            WHEN r.status IN (1, 3) THEN 4
            ELSE 5 END,
        lock_version = r.lock_version + 1
    FROM (SELECT DISTINCT ON (ci_ref_id) ci_ref_id, id, status, source
          FROM pipeline
          WHERE ci_ref_id IS NOT NULL AND status IN ('success', 'failed')
          ORDER BY ci_ref_id, id DESC) AS n
    WHERE r.id = n.ci_ref_id
      AND coalesce(n.source, 0) NOT IN (9, 12, 13, 14, 15, 16, 17, 18)
      AND NOT EXISTS (
          SELECT
          FROM {ci_pipelines} AS later
          WHERE later.ci_ref_id = r.id AND later.id > n.id
            AND later.status IN ('success', 'failed', 'canceled')
            AND coalesce(later.source, 0)
                NOT IN (9, 12, 13, 14, 15, 16, 17, 18))
){end})sql";

// Jobs first, then, without a pipeline beside, what moved.
const std::string answer = R"sql(
SELECT d.id::bigint, d.commit_id::bigint,
       coalesce(r.resource_group_id, 0)::bigint
FROM dropped AS d
LEFT JOIN released AS r ON r.job_id = d.id
UNION ALL
SELECT id::bigint, NULL, 0 FROM moved
)sql";

}  // namespace

const Query& drop_query() {
  static const Query query{"builds.drop", hold_rows + drop_rows +
                                              end_deployments + tell_rows +
                                              write_refs + answer};
  return query;
}

}  // namespace db
