#pragma once

#include <span>
#include <vector>

#include "jobs/context.hpp"

namespace jobs {

/// The rows of one statement of the legacy pass, sorted out by the lock state
/// of their pipelines.
struct JudgedWindow {
  std::vector<db::Artifact> unlocked;    ///< the pipeline is: destroy
  std::vector<std::int64_t> unresolved;  ///< the pipeline is not, the row
                                         ///< does not know: ids
};

/// Look the pipelines of \a rows up, in one statement, or in several if that
/// times out; a row whose pipeline can't be looked up at all is a problem.
JudgedWindow judge_window(Context& context, std::span<const db::Artifact> rows);

/// Write the state of \a ids down, within --max-resolve; in a plan, count.
void resolve_states(Context& context, const std::vector<std::int64_t>& ids);

}  // namespace jobs
