#pragma once

#include <cstdint>
#include <vector>

#include "db/catalog.hpp"
#include "db/pool.hpp"

/// Deployments in a database of their own: where they are beside the jobs, the
/// statement that drops a job ends its deployment too.
namespace db {

/// Fail the deployments of \a jobs that have not ended, as GitLab does for a
/// failed job.
///
/// \throws Error, Unreachable
void fail_deployments(Pool& main, const Session& session,
                      const std::vector<std::int64_t>& jobs);

/// Up to \a limit jobs above \a after whose deployment, started by one of
/// \a users, has not ended.  Empty where deployments don't say who started
/// them.
///
/// \throws Error, Unreachable
std::vector<std::int64_t> deploying_jobs(Pool& main, const Session& session,
                                         const Catalog& catalog,
                                         const std::vector<std::int64_t>& users,
                                         std::int64_t after,
                                         std::int64_t limit);

/// Those of \a jobs that were dropped.
///
/// \throws Error, Unreachable
std::vector<std::int64_t> dropped_jobs(Pool& ci, const Session& session,
                                       const std::vector<std::int64_t>& jobs);

}  // namespace db
