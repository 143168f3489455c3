#include "db/deployments.hpp"

namespace db {
namespace {

using Ids = std::vector<std::int64_t>;

// updated_at has no time zone in any GitLab, finished_at has one in all.
const Query fail{"deployments.fail", R"sql(
UPDATE {deployments}
SET status = 3,
    finished_at = now(),
    updated_at = now() AT TIME ZONE 'UTC'
WHERE deployable_type = 'CommitStatus'
  AND deployable_id = ANY ($1::bigint[])
  AND status IN (0, 1, 6)
)sql"};

const Query read_deploying{"deployments.under_way", R"sql(
SELECT deployable_id::bigint
FROM {deployments}
WHERE user_id = ANY ($1::bigint[])
  AND deployable_type = 'CommitStatus'
  AND deployable_id > $2
  AND status IN (0, 1, 6)
ORDER BY deployable_id
LIMIT $3
)sql"};

const Query read_dropped{"builds.dropped", R"sql(
SELECT id::bigint
FROM {ci_builds}
WHERE id = ANY ($1::bigint[]) AND status = 'failed' AND failure_reason = 14
)sql"};

}  // namespace

void fail_deployments(Pool& main, const Session& session,
                      const std::vector<std::int64_t>& jobs) {
  execute_repeatable(main, session, fail, Parameters().add(jobs));
}

std::vector<std::int64_t> deploying_jobs(Pool& main, const Session& session,
                                         const Catalog& catalog,
                                         const std::vector<std::int64_t>& users,
                                         std::int64_t after,
                                         std::int64_t limit) {
  Ids jobs;
  if (catalog.has("deployments", "user_id"))
    execute(main, session, read_deploying,
            Parameters().add(users).add(after).add(limit),
            [&](const Row& row) { jobs.push_back(row.integer(0)); });
  return jobs;
}

std::vector<std::int64_t> dropped_jobs(Pool& ci, const Session& session,
                                       const std::vector<std::int64_t>& jobs) {
  Ids dropped;
  execute(ci, session, read_dropped, Parameters().add(jobs),
          [&](const Row& row) { dropped.push_back(row.integer(0)); });
  return dropped;
}

}  // namespace db
