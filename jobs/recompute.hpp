#pragma once

#include <cstdint>
#include <vector>

#include "db/builds.hpp"
#include "db/pipeline_status.hpp"
#include "jobs/context.hpp"

namespace jobs {

/// What has to be written so that stages and pipeline have the status that
/// follows from their jobs (composite_status.hpp); nothing for a pipeline in
/// which nothing was dropped.
///
/// Pure: of one snapshot, and of nothing else.
db::StatusChanges changes_for(const db::PipelineState& pipeline);

/// Seconds in which at least one of the pipeline's builds was running: the
/// union of their times (lib/gitlab/ci/pipeline/duration.rb).  Child pipelines
/// are left out.
std::int64_t duration_of(const db::PipelineState& pipeline);

/// The statement that drops \a jobs and tells \a pipelines, which have no other
/// cancelable ones, what they are then.
///
/// \throws db::Error
db::DropOrder order_to_drop(Context& context, const std::vector<db::Job>& jobs,
                            const db::Located& pipelines);

/// Give stages and pipelines the status of their jobs, past the deadline, too,
/// since jobs were dropped already.
///
/// \return those that a live GitLab moved meanwhile, so that they have to be
///         read again
/// \throws db::Error
std::vector<std::int64_t> recompute_once(Context& context,
                                         const db::Located& pipelines);

/// The same until none is left.  What keeps moving is named as a problem, and
/// is done by a later run.
///
/// \throws db::Error
void recompute_statuses(Context& context, db::Located pipelines);

}  // namespace jobs
