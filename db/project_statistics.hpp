#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "db/pool.hpp"

namespace db {

/// Bytes that a project has less.
struct FreedBytes {
  std::int64_t project_id = 0;
  std::int64_t bytes = 0;
};

/// The statistics of projects in a database of their own, where they can't fall
/// in the transaction that destroys.  May be called from several threads at
/// once, for different projects.
///
/// Take \a freed off, in one transaction, in project order; of a project that
/// is about to be deleted nothing, as GitLab does.
///
/// \throws Error; CommitUnknown where nobody can tell whether it was done.
void subtract_bytes(Pool& main, const Session& session,
                    const std::vector<FreedBytes>& freed);

/// Projects of which queued objects of pipeline artifacts tell that rows were
/// destroyed, and perhaps nothing more: one step over the queue.
struct QueuedProjects {
  std::vector<std::int64_t> projects;
  std::int64_t last = 0;  ///< where to go on
  bool is_last = false;   ///< there is no more
};
/// \param within entries that become due later than that are left out.
QueuedProjects queued_projects(Pool& ci, const Session& session,
                               std::chrono::seconds within, std::int64_t after,
                               std::int64_t limit);

/// Where a crash may have come between the rows and their bytes: set
/// pipeline_artifacts_size of \a projects to the sum of the rows that there
/// are, and move storage_size, where it counts them, by the difference.  Saying
/// it twice changes nothing.  A row of statistics that a live GitLab writes
/// between our look and our write is left, and given back: look again.
///
/// \return the projects that have to be looked at again.
/// \throws Error
std::vector<std::int64_t> recount(Pool& ci, const Session& in_ci, Pool& main,
                                  const Session& in_main,
                                  const std::vector<std::int64_t>& projects);

}  // namespace db
