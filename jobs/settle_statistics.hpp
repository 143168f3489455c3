#pragma once

#include <chrono>
#include <vector>

#include "db/project_statistics.hpp"
#include "jobs/context.hpp"

/// The statistics of projects, where they are in another database than the
/// artifacts: what was destroyed in one transaction is taken off in a second.
///
/// The entries of ci_deleted_objects are the record of what is to be taken off:
/// they are there from the first transaction on, and are forgotten after the
/// second only.  A crash between the two leaves entries behind, and the next
/// run sets the statistics of their projects to the sum of the rows that there
/// are. So it does with projects whose entries are left for another reason,
/// which changes nothing.
namespace jobs {

/// How far ahead entries are queued where statistics follow them: GitLab's own
/// worker must not forget an entry before our next run has seen it.
inline constexpr std::chrono::seconds settling_lease{3600};

/// Statistics wait for a second transaction.
bool settles_statistics(const Context& context);

/// Take off what a batch freed, that was begun \a began.
///
/// \return false if that could not be done, or not in time: the entries must
///         stay queued, and the next run counts.
bool settle_statistics(Context& context, telemetry::Pass pass,
                       const std::vector<db::FreedBytes>& freed,
                       std::chrono::steady_clock::time_point began);

/// At the start of a run: what a crash may have left.
///
/// \throws db::Error
void recount_unsettled(Context& context);

}  // namespace jobs
