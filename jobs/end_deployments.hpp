#pragma once

#include <cstdint>
#include <vector>

#include "jobs/context.hpp"

/// Deployments of dropped jobs, where they are in another database than the
/// jobs.
namespace jobs {

/// Fail the deployments of \a jobs, which were dropped just now.  What can't be
/// done now is named in the log, and done by a later run.
void end_deployments(const Context& context,
                     const std::vector<std::int64_t>& jobs);

/// Fail those of \a users whose job was dropped and whose deployment is under
/// way all the same: a crash came between the two, or the main database was
/// away.
///
/// \throws db::Error
void end_left_deployments(const Context& context,
                          const std::vector<std::int64_t>& users);

}  // namespace jobs
