#pragma once

#include <span>

#include "db/job_status.hpp"

namespace jobs {

/// What one job counts for.
struct CountedStatus {
  db::JobStatus status{};
  bool allow_failure = false;
};

/// The status of a stage or a pipeline from those of its latest jobs: sixteen
/// rules, of which the first that fits wins (lib/gitlab/ci/status/composite.rb,
/// E21 to E26; waiting_for_callback and canceling came in 2024).  A job that
/// may fail counts as a warning where it failed or was canceled, and as nothing
/// where it waits for a hand.  No jobs at all are a success.
db::JobStatus composite_status(std::span<const CountedStatus> jobs);

/// The same for the jobs that a job of a DAG needs: one of them skipped, or
/// ignored, is enough to skip it.
db::JobStatus composite_status_of_needs(std::span<const CountedStatus> jobs);

}  // namespace jobs
