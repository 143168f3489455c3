#include "db/build_queries.hpp"

#include "db/shard.hpp"

#include <string>

namespace db {
namespace {

// One probe of GitLab's index for each user, in their order, so that LIMIT ends
// it: 1,000 users at every page were a tenth of the pass.  The literals are
// what the index's predicate says, so that the planner can prove it.
std::string pipelines_of(const char* statuses) {
  return std::string(R"sql(
SELECT u.id, p.id::bigint, p.partition_id
FROM (SELECT id
      FROM unnest($1::bigint[]) AS given (id)
      WHERE id >= $2
      ORDER BY id) AS u
CROSS JOIN LATERAL (
    SELECT p.id,
           {if ci_pipelines.partition_id}p.partition_id{else}0{end}
               AS partition_id
    FROM {ci_pipelines} AS p
    WHERE p.user_id = u.id
      AND (u.id, p.id) > ($2, $3)
      AND p.status IN )sql") +
         statuses + R"sql(
      AND ($4::bigint[] = '{}' OR p.project_id = ANY ($4::bigint[]))
      AND p.project_id <> ALL ($5::bigint[])
      AND )sql" +
         in_shard("p.id", "$8", "$9") + R"sql(
      AND (EXISTS (SELECT
                   FROM {ci_builds} AS b
                   WHERE b.commit_id = p.id AND b.status = ANY ($6::text[])
                     {if ci_builds.partition_id ci_pipelines.partition_id}
                     AND b.partition_id = p.partition_id{end})
           OR EXISTS (SELECT
                      FROM {ci_builds} AS b
                      WHERE b.commit_id = p.id AND b.status = 'failed'
                        {if ci_builds.partition_id ci_pipelines.partition_id}
                        AND b.partition_id = p.partition_id{end}
                        AND b.failure_reason = 14
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

// Materialized, or LIMIT and ORDER BY lead the planner to walk an index over
// all jobs there are; and the pipelines are named twice, or it may read all of
// them.
const Query cancelable{"builds.cancelable", R"sql(
WITH cancelable AS MATERIALIZED (
    SELECT b.id, b.commit_id, b.project_id, p.user_id, b.lock_version, b.status
    FROM {ci_builds} AS b
    JOIN {ci_pipelines} AS p ON p.id = b.commit_id
    WHERE b.commit_id = ANY ($1::bigint[])
      AND p.id = ANY ($1::bigint[])
      AND b.status = ANY ($2::text[])
      AND (b.commit_id, b.id) > ($3, $4)
      {if ci_builds.partition_id ci_pipelines.partition_id}
      AND b.partition_id = ANY ($6::bigint[])
      AND p.partition_id = ANY ($6::bigint[])
      {end}
      {if users}
      AND EXISTS (SELECT FROM {users} AS u
                  WHERE u.id = p.user_id AND u.state = 'blocked')
      {end}
)
SELECT id::bigint, commit_id::bigint, coalesce(project_id, 0)::bigint,
       user_id::bigint, coalesce(lock_version, -1)::bigint, status::text
FROM cancelable
ORDER BY commit_id, id
LIMIT $5
)sql"};

const Query waiting_groups{"builds.waiting_groups", R"sql(
SELECT g.id::bigint, g.project_id::bigint, g.key::text
FROM {ci_resource_groups} AS g
WHERE g.id = ANY ($1::bigint[])
  AND EXISTS (SELECT FROM {ci_builds} AS b
              WHERE b.resource_group_id = g.id
                AND b.status = 'waiting_for_resource')
ORDER BY g.id
)sql"};

const Query count_cancelable{"builds.count", R"sql(
SELECT count(*)
FROM (SELECT
      FROM {ci_pipelines} AS p
      JOIN {ci_builds} AS b
          ON b.commit_id = p.id
             {if ci_builds.partition_id ci_pipelines.partition_id}
             AND b.partition_id = p.partition_id{end}
      WHERE p.user_id = ANY ($1::bigint[])
        AND p.status NOT IN ('success', 'failed', 'canceled', 'skipped')
        AND ($2::bigint[] = '{}' OR p.project_id = ANY ($2::bigint[]))
        AND p.project_id <> ALL ($3::bigint[])
        AND )sql" + in_shard("p.id", "$6", "$7") +
                                                 R"sql(
        AND b.status = ANY ($4::text[])
      LIMIT $5) AS counted
)sql"};

// A job that can still be cancelled stands in it by its own id: with it the
// look for more jobs costs no statement of its own.
const Query leftovers{"builds.leftovers", R"sql(
SELECT 'ci_resources', id::bigint, build_id::bigint
FROM {ci_resources} WHERE build_id = ANY ($1::bigint[])
{if ci_pending_builds}
UNION ALL
SELECT 'ci_pending_builds', id::bigint, build_id::bigint
FROM {ci_pending_builds} WHERE build_id = ANY ($1::bigint[])
{end}{if ci_running_builds}
UNION ALL
SELECT 'ci_running_builds', id::bigint, build_id::bigint
FROM {ci_running_builds} WHERE build_id = ANY ($1::bigint[])
{end}{if ci_builds_runner_session}
UNION ALL
SELECT 'ci_builds_runner_session', id::bigint, build_id::bigint
FROM {ci_builds_runner_session} WHERE build_id = ANY ($1::bigint[])
{end}
UNION ALL
(SELECT 'ci_builds', id::bigint, id::bigint
 FROM {ci_builds}
 WHERE commit_id = ANY ($2::bigint[]) AND status = ANY ($3::text[])
   {if ci_builds.partition_id ci_pipelines.partition_id}
   AND partition_id = ANY ($4::bigint[])
   {end}
 LIMIT 1)
)sql"};

}  // namespace

const Query& user_pipelines_query(PipelineKind kind) {
  return kind == PipelineKind::live ? live_pipelines : waiting_pipelines;
}

const Query& cancelable_query() {
  return cancelable;
}

const Query& leftovers_query() {
  return leftovers;
}

const Query& waiting_query() {
  return waiting_groups;
}

const Query& count_cancelable_query() {
  return count_cancelable;
}

}  // namespace db
