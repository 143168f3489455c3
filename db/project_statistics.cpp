#include "db/project_statistics.hpp"

#include "db/artifact_queries.hpp"
#include "telemetry/fault_point.hpp"

#include <algorithm>
#include <map>

namespace db {
namespace {

using Ids = std::vector<std::int64_t>;

// The marks of a version: any UPDATE makes another xmin.
const Query read_versions{"statistics.versions", R"sql(
SELECT s.project_id::bigint, s.xmin::text
FROM {project_statistics} AS s
WHERE s.project_id = ANY ($1::bigint[])
{if projects.pending_delete}
  AND NOT EXISTS (SELECT
                  FROM {projects} AS p
                  WHERE p.id = s.project_id AND p.pending_delete)
{end}
)sql"};

const Query sum_sizes{"artifacts.sum_sizes", R"sql(
SELECT project_id::bigint, sum(size)::bigint
FROM {ci_pipeline_artifacts}
WHERE project_id = ANY ($1::bigint[])
GROUP BY project_id
)sql"};

const Query write_sums{"statistics.write_sums", R"sql(
WITH summed AS (
    SELECT *
    FROM unnest($1::bigint[], $2::text[], $3::bigint[])
        AS s (project_id, version, bytes)
),
held AS MATERIALIZED (
    SELECT s.id, summed.bytes
    FROM {project_statistics} AS s
    JOIN summed ON summed.project_id = s.project_id
    WHERE s.xmin::text = summed.version
    ORDER BY s.project_id
    FOR UPDATE OF s
)
UPDATE {project_statistics} AS s
SET pipeline_artifacts_size = held.bytes
    {if with_storage},
    storage_size = coalesce(s.storage_size, 0) + held.bytes -
                   coalesce(s.pipeline_artifacts_size, 0)
    {end}
FROM held
WHERE s.id = held.id
RETURNING s.project_id::bigint
)sql"};

// The path is that of the object of a pipeline artifact, and of nothing else.
const Query read_queued{"deleted_objects.projects", R"sql(
WITH page AS MATERIALIZED (
    SELECT id,
           {if ci_deleted_objects.project_id}project_id{else}
           substring(store_dir FROM
               '/pipelines/([0-9]{1,18})/artifacts/[0-9]+$')::bigint{end}
               AS owner,
           store_dir ~ '/pipelines/[0-9]{1,18}/artifacts/[0-9]+$'
               AND pick_up_at < now() + $3 * interval '1 second' AS is_ours
    FROM {ci_deleted_objects}
    WHERE id > $1
    ORDER BY id
    LIMIT $2
)
SELECT count(*), coalesce(max(id), 0)::bigint,
       (SELECT array_agg(DISTINCT
            {if ci_deleted_objects.project_id}
            owner::bigint) FROM page WHERE is_ours
            {else}
            p.project_id::bigint)
        FROM page
        JOIN {ci_pipelines} AS p ON p.id = page.owner
        WHERE is_ours
            {end})
FROM page
)sql"};

struct Summed {
  std::string version;
  std::int64_t bytes = 0;
};

using Sums = std::map<std::int64_t, Summed>;

/// The version comes before the sum: what GitLab writes after it is noticed.
Sums look(Pool& ci, const Session& in_ci, Pool& main, const Session& in_main,
          const Ids& projects) {
  Sums sums;
  execute(main, in_main, read_versions, Parameters().add(projects),
          [&](const Row& row) { sums[row.integer(0)].version = row.text(1); });
  execute(
      ci, in_ci, sum_sizes, Parameters().add(projects), [&](const Row& row) {
        if (const auto found = sums.find(row.integer(0)); found != sums.end())
          found->second.bytes = row.integer(1);
      });
  return sums;
}

Parameters parameters_of(const Sums& sums) {
  Ids projects;
  std::vector<std::string> versions;
  Ids bytes;
  for (const auto& [project, summed] : sums) {
    projects.push_back(project);
    versions.push_back(summed.version);
    bytes.push_back(summed.bytes);
  }
  return Parameters().add(projects).add(versions).add(bytes);
}

}  // namespace

void subtract_bytes(Pool& main, const Session& session,
                    const std::vector<FreedBytes>& freed) {
  Ids projects;
  Ids bytes;
  for (const FreedBytes& of : freed) {
    projects.push_back(of.project_id);
    bytes.push_back(of.bytes);
  }
  try {
    execute(main, session, subtract_bytes_query(),
            Parameters().add(projects).add(bytes));
  } catch (const CommitUnknown& error) {
    if (!was_committed(main, session, error))
      throw;
  }
}

QueuedProjects queued_projects(Pool& ci, const Session& session,
                               std::chrono::seconds within, std::int64_t after,
                               std::int64_t limit) {
  QueuedProjects queued;
  execute(ci, session, read_queued,
          Parameters().add(after).add(limit).add(std::int64_t{within.count()}),
          [&](const Row& row) {
            queued = {row.is_null(2) ? Ids{} : row.integers(2), row.integer(1),
                      row.integer(0) < limit};
          });
  return queued;
}

std::vector<std::int64_t> recount(Pool& ci, const Session& in_ci, Pool& main,
                                  const Session& in_main,
                                  const std::vector<std::int64_t>& projects) {
  Session reading = in_main;
  reading.read_only = true;
  const Sums sums = look(ci, in_ci, main, reading, projects);
  telemetry::fault_point("statistics.looked");
  Ids left;
  for (const auto& [project, summed] : sums)
    left.push_back(project);
  execute_repeatable(main, in_main, write_sums, parameters_of(sums),
                     [&](const Row& row) { std::erase(left, row.integer(0)); });
  return left;
}

}  // namespace db
