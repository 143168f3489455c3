#include "jobs/pipeline_dropper.hpp"

#include "db/retry.hpp"
#include "jobs/audit.hpp"
#include "jobs/blocked_pipelines.hpp"
#include "jobs/end_deployments.hpp"
#include "jobs/halves.hpp"
#include "jobs/job_slice.hpp"
#include "jobs/pipeline_lease.hpp"
#include "jobs/recompute.hpp"
#include "telemetry/fault_point.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <thread>
#include <unordered_map>

namespace jobs {
namespace {

using telemetry::Pass;
using Ids = std::vector<std::int64_t>;

// A job that somebody else changed or holds is read again so many times.
constexpr int most_tries = 3;

db::Located locate(std::span<const db::UserPipeline> group) {
  db::Located pipelines;
  for (const db::UserPipeline& pipeline : group)
    pipelines.add(pipeline.id, pipeline.partition_id);
  return pipelines;
}

Ids users_of(std::span<const db::UserPipeline> group) {
  std::set<std::int64_t> users;
  for (const db::UserPipeline& pipeline : group)
    users.insert(pipeline.user_id);
  return {users.begin(), users.end()};
}

}  // namespace

/// One group's way from its first job to its last.
class PipelineDropper::Group {
 public:
  Group(PipelineDropper& dropper, std::span<const db::UserPipeline> group)
      : dropper_(dropper),
        context_(dropper.context_),
        group_(group),
        pipelines_(locate(group)),
        untold_(pipelines_.ids.begin(), pipelines_.ids.end()) {}

  /// Sweep over the cancelable jobs, pipeline by pipeline, until none is left
  /// or a sweep meets none that it could still drop; a plan sweeps once.
  void drop_jobs() {
    while (goes_on()) {
      if (!sweep() || context_.only_plans())
        return;
      if (!dropped_.empty() && !look_behind())
        return;
    }
  }

  /// After the last drop: what it takes for the rest of the world to know.
  void follow_up() {
    recompute_statuses(context_, among_these(untold_));
    if (dropped_.empty())
      return;
    if (!untold_.empty() || looked_behind_ < dropped_.size())
      look_behind();
    telemetry::fault_point("builds.before_leftovers");
    name_leftovers();
    name_waiting_groups();
  }

  /// When an error has ended the sweep: what was dropped before is told all the
  /// same, as far as that goes.
  void tell_anyway() {
    try {
      tell_once(std::set(untold_));
    } catch (const db::Error& error) {
      spdlog::warn("{}; not every pipeline of a dropped job has its status yet",
                   error.what());
    }
  }

  /// Given up, and still cancelable.
  Ids conflicts() {
    Ids left;
    db::JobPlace after;
    while (has_given_up()) {
      const auto jobs = cancelable(after);
      for (const db::Job& job : jobs)
        if (tries_.contains(job.id) && tries_[job.id] >= most_tries)
          left.push_back(job.id);
      if (std::ssize(jobs) < slice_)
        break;
      after = place_of(jobs.back());
    }
    return left;
  }

 private:
  bool goes_on() const {
    return !context_.must_stop() && !context_.drop_budget.is_spent();
  }

  db::Located among_these(const std::set<std::int64_t>& ids) const {
    return {{ids.begin(), ids.end()}, pipelines_.partitions};
  }

  bool has_given_up() const {
    return std::ranges::any_of(
        tries_, [](const auto& job) { return job.second >= most_tries; });
  }

  std::vector<db::Job> cancelable(const db::JobPlace& after) {
    const db::Session session = context_.reading(Pass::builds);
    slice_ = context_.governor.slice_size();
    return db::with_retry([&] {
      return context_.builds.cancelable(session, of_blocked_users(session),
                                        after, slice_);
    });
  }

  /// The statement sees to it itself where users are beside the jobs.
  db::Located of_blocked_users(const db::Session& session) const {
    if (context_.main == nullptr)
      return pipelines_;
    const Ids blocked = still_blocked(context_, session, users_of(group_));
    db::Located pipelines;
    for (const db::UserPipeline& pipeline : group_)
      if (std::ranges::find(blocked, pipeline.user_id) != blocked.end())
        pipelines.add(pipeline.id, pipeline.partition_id);
    return pipelines;
  }

  /// \return whether there was a job that is not given up.
  bool sweep() {
    bool met_any = false;
    db::JobPlace after;
    bool was_full = true;
    do {
      std::vector<db::Job> jobs = cancelable(after);
      if (jobs.empty())
        break;
      was_full = std::ssize(jobs) == slice_;
      bool whole = !was_full || leave_cut_pipeline(jobs);
      after = place_of(jobs.back());
      whole = !keep_named(jobs) && whole;
      std::erase_if(jobs, [this](const db::Job& job) {
        const auto tried = tries_.find(job.id);
        return tried != tries_.end() && tried->second >= most_tries;
      });
      met_any = met_any || !jobs.empty();
      take(std::move(jobs), whole);
    } while (was_full && goes_on());
    return met_any;
  }

  /// \return whether there were others.
  bool keep_named(std::vector<db::Job>& jobs) const {
    return context_.named != nullptr &&
           std::erase_if(jobs, [this](const db::Job& job) {
             return !context_.named->names(job);
           }) > 0;
  }

  /// \param whole their pipelines have no other cancelable jobs, so that their
  ///        status can be told at once.
  void take(std::vector<db::Job> jobs, bool whole) {
    const std::int64_t granted = context_.drop_budget.reserve(std::ssize(jobs));
    if (granted < std::ssize(jobs))
      dropper_.denied_ = true;
    jobs.resize(static_cast<std::size_t>(granted));
    if (jobs.empty())
      return;
    began_ = std::chrono::steady_clock::now();
    if (context_.only_plans())
      dropper_.count(jobs, began_);
    else if (!context_.governor.spend(context_, granted))
      context_.drop_budget.give_back(granted);
    else
      drop(jobs, whole);
  }

  void drop(const std::vector<db::Job>& jobs, bool whole) {
    db::DropOrder order;
    db::DropAnswer answer;
    try {
      // By one statement where that can be: no later run would look for what
      // this one has left untold, if the user is unblocked in between.
      order =
          whole ? order_to_drop(context_, jobs, among_these(pipelines_of(jobs)))
                : db::DropOrder{jobs, {}, {}, pipelines_.partitions};
      answer = drop_audited(order);
    } catch (...) {
      context_.drop_budget.give_back(std::ssize(jobs));
      throw;
    }
    telemetry::fault_point("builds.after_drop");
    context_.drop_budget.give_back(std::ssize(jobs) -
                                   std::ssize(answer.dropped));
    note_told(order, answer);
    note_dropped(jobs, answer.dropped);
    tell_moved(order.told);
  }

  db::DropAnswer drop_audited(const db::DropOrder& order) {
    audit_intent(order.jobs);
    telemetry::fault_point("builds.before_drop");
    try {
      return db::with_retry([&] { return drop_once(order); });
    } catch (...) {
      audit_result(order.jobs, nullptr);
      throw;
    }
  }

  db::DropAnswer drop_once(const db::DropOrder& order) {
    const Stopwatch watch;
    auto answer = context_.builds.drop(context_.writing(Pass::builds), order);
    context_.governor.slice.took(watch.time());
    return answer;
  }

  void note_told(const db::DropOrder& order, const db::DropAnswer& answer) {
    for (const db::DroppedJob& job : answer.dropped)
      untold_.insert(job.pipeline_id);
    for (const std::int64_t pipeline : order.told)
      untold_.erase(pipeline);
    untold_.insert(answer.moved.begin(), answer.moved.end());
  }

  /// Of those that a drop was to tell, the ones that moved under it are told
  /// next, and not only after all else, for the same reason.
  void tell_moved(const Ids& pipelines) {
    std::set<std::int64_t> moved;
    for (const std::int64_t id : pipelines)
      if (untold_.contains(id))
        moved.insert(id);
    if (!moved.empty())
      tell_once(moved);
  }

  void tell_once(const std::set<std::int64_t>& pipelines) {
    const Ids moved = recompute_once(context_, among_these(pipelines));
    for (const std::int64_t id : pipelines)
      untold_.erase(id);
    untold_.insert(moved.begin(), moved.end());
  }

  void note_dropped(const std::vector<db::Job>& jobs,
                    const std::vector<db::DroppedJob>& dropped) {
    RowIds gone;
    for (const db::DroppedJob& job : dropped) {
      gone.insert(job.id);
      if (job.resource_group_id != 0)
        groups_.insert(job.resource_group_id);
    }
    dropped_.insert(dropped_.end(), gone.begin(), gone.end());
    audit_result(jobs, &gone);

    std::vector<db::Job> counted;
    for (const db::Job& job : jobs)
      if (gone.contains(job.id))
        counted.push_back(job);
      else
        ++tries_[job.id];
    dropper_.count(counted, began_);
    end_deployments(context_, {gone.begin(), gone.end()});
    if (gone.empty())
      std::this_thread::sleep_for(context_.options.lock_timeout / most_tries);
  }

  /// \return whether there are jobs that may still be cancelable.
  bool look_behind() {
    db::LeftBehind found = db::with_retry([&] {
      return context_.builds.leftovers(
          context_.reading(Pass::builds).without_deadline(), pipelines_,
          dropped_);
    });
    looked_behind_ = dropped_.size();
    leftovers_ = std::move(found.rows);
    return found.has_jobs;
  }

  void name_leftovers() {
    for (const db::Leftover& row : leftovers_)
      context_.report.problem({Pass::builds, row.table, row.id,
                               "it points at job " +
                                   std::to_string(row.job_id) +
                                   ", which was dropped: somebody put it there "
                                   "meanwhile; delete it"});
  }

  void name_waiting_groups() {
    if (groups_.empty())
      return;
    const auto rows = db::with_retry([&] {
      return context_.builds.waiting(
          context_.reading(Pass::builds).without_deadline(),
          Ids(groups_.begin(), groups_.end()));
    });
    std::vector<telemetry::WaitingGroup> waiting;
    for (const db::WaitingGroup& row : rows)
      waiting.push_back({row.id, row.project_id, row.key});
    context_.report.waiting(waiting);
  }

  PipelineDropper& dropper_;
  Context& context_;
  std::span<const db::UserPipeline> group_;
  db::Located pipelines_;
  std::int64_t slice_ = 0;  ///< jobs that were asked for at a time
  std::unordered_map<std::int64_t, int> tries_;  ///< of jobs that didn't go
  std::set<std::int64_t> untold_;  ///< pipelines whose status is not told
  Ids dropped_;
  std::size_t looked_behind_ = 0;  ///< so many of them
  std::vector<db::Leftover> leftovers_;
  std::chrono::steady_clock::time_point began_;  ///< with the slice at hand
  std::set<std::int64_t> groups_;  ///< whose resources were given back
};

void PipelineDropper::drop(std::span<const db::UserPipeline> group) {
  in_halves(
      group, [this] { return context_.must_stop(); },
      [this](std::span<const db::UserPipeline> part) { work_on(part); },
      [this](const db::UserPipeline& pipeline, const db::Error& error) {
        context_.report.problem(
            {Pass::builds, "ci_pipelines", pipeline.id, error.what()});
      });
}

void PipelineDropper::work_on(std::span<const db::UserPipeline> group) {
  Group work(*this, group);
  if (context_.only_plans()) {
    work.drop_jobs();
    return;
  }
  const PipelineLease lease(context_, locate(group).ids, leases_usable_);
  try {
    work.drop_jobs();
  } catch (const db::Error& error) {
    if (concerns_rows(error))  // the deadline's does
      work.tell_anyway();
    throw;
  }
  work.follow_up();
  add_conflicts(work.conflicts());
}

/// One thread at a time, so that a listing is never torn.
void PipelineDropper::count(const std::vector<db::Job>& dropped,
                            std::chrono::steady_clock::time_point began) {
  telemetry::PassReport& report = context_.report.pass(Pass::builds);
  const std::lock_guard lock(mutex_);
  telemetry::Projects::Work projects;
  for (const db::Job& job : dropped) {
    projects[job.project_id] += {.dropped = 1};
    report.users += users_.insert(job.user_id).second ? 1 : 0;
    report.pipelines += pipelines_.insert(job.pipeline_id).second ? 1 : 0;
    if (context_.listing.job && context_.only_plans())
      context_.listing.job(job);
  }
  report.dropped += std::ssize(dropped);
  context_.report.projects.add(projects);
  context_.progress.advance(std::ssize(dropped));
  context_.batch_done(Pass::builds, std::ssize(dropped), 0, began);
}

void PipelineDropper::add_conflicts(const std::vector<std::int64_t>& jobs) {
  const std::lock_guard lock(mutex_);
  conflicts_.insert(jobs.begin(), jobs.end());
}

std::int64_t PipelineDropper::conflicts() const {
  const std::lock_guard lock(mutex_);
  return std::ssize(conflicts_);
}

}  // namespace jobs
