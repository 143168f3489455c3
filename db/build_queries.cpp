#include "db/build_queries.hpp"

#include <string>

namespace db {
namespace {

// One probe of GitLab's index for each user.  The literals are what its
// predicate says, so that the planner can prove it.
std::string pipelines_of(const char* statuses) {
  return std::string(R"sql(
SELECT u.id, p.id::bigint
FROM unnest($1::bigint[]) AS u (id)
CROSS JOIN LATERAL (
    SELECT p.id
    FROM ci_pipelines AS p
    WHERE p.user_id = u.id
      AND (u.id, p.id) > ($2, $3)
      AND p.status IN )sql") +
         statuses + R"sql(
      AND ($4::bigint[] = '{}' OR p.project_id = ANY ($4::bigint[]))
      AND p.project_id <> ALL ($5::bigint[])
      AND (EXISTS (SELECT
                   FROM ci_builds AS b
                   WHERE b.commit_id = p.id AND b.status = ANY ($6::text[]))
           OR EXISTS (SELECT
                      FROM ci_builds AS b
                      WHERE b.commit_id = p.id AND b.status = 'failed'
                        AND b.failure_reason = 14
                        AND b.processed IS NOT TRUE
                        AND b.retried IS NOT TRUE))
    ORDER BY p.id
    LIMIT $7
) AS p
ORDER BY u.id, p.id
LIMIT $7
)sql";
}

const Query live_pipelines{"builds.live_pipelines", pipelines_of(R"sql(
          ('running', 'waiting_for_resource', 'preparing', 'pending',
           'created', 'scheduled'))sql")};

const Query waiting_pipelines{"builds.waiting_pipelines", pipelines_of(R"sql(
          ('manual', 'waiting_for_callback', 'canceling'))sql")};

// Materialized, or LIMIT and ORDER BY id lead the planner to walk the primary
// key of all jobs there are.
const Query cancelable{"builds.cancelable", R"sql(
WITH cancelable AS MATERIALIZED (
    SELECT b.id, b.commit_id, b.project_id, p.user_id, b.lock_version, b.status
    FROM ci_builds AS b
    JOIN ci_pipelines AS p ON p.id = b.commit_id
    WHERE b.commit_id = ANY ($1::bigint[])
      AND b.status = ANY ($2::text[])
      AND b.id > $3
      AND EXISTS (SELECT FROM users AS u
                  WHERE u.id = p.user_id AND u.state = 'blocked')
)
SELECT id::bigint, commit_id::bigint, coalesce(project_id, 0)::bigint,
       user_id::bigint, coalesce(lock_version, -1)::bigint, status::text
FROM cancelable
ORDER BY id
LIMIT $4
)sql"};

const Query waiting_groups{"builds.waiting_groups", R"sql(
SELECT g.id::bigint, g.project_id::bigint, g.key::text
FROM ci_resource_groups AS g
WHERE g.id = ANY ($1::bigint[])
  AND EXISTS (SELECT FROM ci_builds AS b
              WHERE b.resource_group_id = g.id
                AND b.status = 'waiting_for_resource')
ORDER BY g.id
)sql"};

const Query count_cancelable{"builds.count", R"sql(
SELECT count(*)
FROM (SELECT
      FROM ci_pipelines AS p
      JOIN ci_builds AS b ON b.commit_id = p.id
      WHERE p.user_id = ANY ($1::bigint[])
        AND p.status NOT IN ('success', 'failed', 'canceled', 'skipped')
        AND ($2::bigint[] = '{}' OR p.project_id = ANY ($2::bigint[]))
        AND p.project_id <> ALL ($3::bigint[])
        AND b.status = ANY ($4::text[])
      LIMIT $5) AS counted
)sql"};

// The rows are locked in the order of their ids, so that two runs never wait
// for each other in a circle; FOR NO KEY UPDATE lets GitLab insert what refers
// to a job.  After the lock the condition is checked on the newest version.
constexpr const char* drop_rows = R"sql(
WITH seen AS (
    SELECT *
    FROM unnest($1::bigint[], $2::bigint[]) AS s (id, lock_version)
),
held AS MATERIALIZED (
    SELECT b.id
    FROM ci_builds AS b
    JOIN seen AS s ON s.id = b.id
    WHERE b.lock_version IS NOT DISTINCT FROM nullif(s.lock_version, -1)
      AND b.status = ANY ($3::text[])
    ORDER BY b.id
    FOR NO KEY UPDATE OF b SKIP LOCKED
),
dropped AS (
    UPDATE ci_builds AS b
    SET status = 'failed',
        failure_reason = 14,
        finished_at = now() AT TIME ZONE 'UTC',
        updated_at = now() AT TIME ZONE 'UTC',
        processed = (b.retried IS TRUE),
        scheduled_at = CASE WHEN b.type = 'Ci::Build' THEN NULL
                            ELSE b.scheduled_at END,
        token_encrypted = NULL,
        lock_version = coalesce(b.lock_version, 0) + 1
    FROM held
    WHERE b.id = held.id
    RETURNING b.id, b.commit_id, b.resource_group_id
),
unqueued AS (
    DELETE FROM ci_pending_builds AS q
    USING dropped
    WHERE q.build_id = dropped.id
),
stopped AS (
    DELETE FROM ci_running_builds AS q
    USING dropped
    WHERE q.build_id = dropped.id
),
released AS (
    UPDATE ci_resources AS r
    SET build_id = NULL
    FROM dropped
    WHERE r.resource_group_id = dropped.resource_group_id
      AND r.build_id = dropped.id
    RETURNING dropped.id AS job_id, r.resource_group_id
))sql";

constexpr const char* end_sessions = R"sql(,
disconnected AS (
    DELETE FROM ci_builds_runner_session AS s
    USING dropped
    WHERE s.build_id = dropped.id
))sql";

// updated_at has no time zone in any GitLab, finished_at has one in all.
constexpr const char* fail_deployments = R"sql(,
undeployed AS (
    UPDATE deployments AS d
    SET status = 3,
        finished_at = now(),
        updated_at = now() AT TIME ZONE 'UTC'
    FROM dropped
    WHERE d.deployable_type = 'CommitStatus'
      AND d.deployable_id = dropped.id
      AND d.status IN (0, 1, 6)
))sql";

constexpr const char* drop_answer = R"sql(
SELECT d.id::bigint, d.commit_id::bigint,
       coalesce(r.resource_group_id, 0)::bigint
FROM dropped AS d
LEFT JOIN released AS r ON r.job_id = d.id
)sql";

std::string leftovers_in(const std::string& table) {
  return "SELECT '" + table + "', id::bigint, build_id::bigint FROM " + table +
         " WHERE build_id = ANY ($1::bigint[])";
}

}  // namespace

const Query& user_pipelines_query(PipelineKind kind) {
  return kind == PipelineKind::live ? live_pipelines : waiting_pipelines;
}

const Query& cancelable_query() {
  return cancelable;
}

Query drop_query(const Catalog& catalog) {
  std::string text = drop_rows;
  if (catalog.serves("ci_builds_runner_session"))
    text += end_sessions;
  if (catalog.serves("deployments"))
    text += fail_deployments;
  return {"builds.drop", text + drop_answer};
}

Query leftovers_query(const Catalog& catalog) {
  std::string text = leftovers_in("ci_pending_builds");
  text += "\nUNION ALL " + leftovers_in("ci_running_builds");
  text += "\nUNION ALL " + leftovers_in("ci_resources");
  if (catalog.serves("ci_builds_runner_session"))
    text += "\nUNION ALL " + leftovers_in("ci_builds_runner_session");
  return {"builds.leftovers", text};
}

const Query& waiting_query() {
  return waiting_groups;
}

const Query& count_cancelable_query() {
  return count_cancelable;
}

}  // namespace db
