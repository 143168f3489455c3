#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <set>
#include <span>
#include <vector>

#include "db/builds.hpp"
#include "jobs/context.hpp"

namespace jobs {

/// Drops the cancelable jobs of pipelines, and what has to follow.
///
/// Works on a group of pipelines at a time, each pipeline in one group only:
/// jobs side by side inside one pipeline are where GitLab's own deadlocks came
/// from.  A group costs as many statements as one pipeline does, whatever the
/// number of its jobs, but for a statement more for each slice.
///
/// drop() may be called from several threads at once, for different pipelines.
class PipelineDropper {
 public:
  explicit PipelineDropper(Context& context) : context_(context) {}

  /// Drop until no cancelable job is left (a live GitLab may enqueue more
  /// behind us), the budget is spent or the run must stop; then stages and
  /// pipelines get their status.  In a plan: list and count what would be.
  ///
  /// \throws db::Error that does not concern the rows.
  void drop(std::span<const db::UserPipeline> group);

  /// --max-drop kept a job from being dropped that a worker had before it.
  [[nodiscard]] bool was_denied() const { return denied_; }

  /// Jobs that others held or kept changing, by id.
  [[nodiscard]] std::int64_t conflicts() const;

 private:
  class Group;

  void work_on(std::span<const db::UserPipeline> group);
  void count(const std::vector<db::Job>& dropped,
             std::chrono::steady_clock::time_point began);
  void add_conflicts(const std::vector<std::int64_t>& jobs);

  Context& context_;
  std::atomic<bool> leases_usable_{true};
  std::atomic<bool> denied_{false};
  mutable std::mutex mutex_;  ///< guards what follows
  std::set<std::int64_t> users_;
  std::set<std::int64_t> pipelines_;
  std::set<std::int64_t> conflicts_;
};

}  // namespace jobs
