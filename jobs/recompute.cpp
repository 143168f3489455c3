#include "jobs/recompute.hpp"

#include "db/retry.hpp"
#include "jobs/audit.hpp"
#include "jobs/composite_status.hpp"
#include "telemetry/fault_point.hpp"

#include <algorithm>
#include <chrono>
#include <thread>
#include <unordered_set>
#include <utility>

namespace jobs {
namespace {

using db::JobStatus;
using telemetry::Pass;
using telemetry::Timestamp;

// Each costs two statements; a live GitLab moves a pipeline for seconds.
constexpr int most_rounds = 10;

bool has_dropped(const db::PipelineState& pipeline) {
  return std::ranges::any_of(pipeline.jobs, &db::LatestJob::is_dropped);
}

bool is_empty(const db::StatusChanges& changes) {
  return changes.stages.empty() && changes.pipelines.empty() &&
         changes.jobs.empty();
}

/// Of the jobs of a stage, or of all.
JobStatus status_of(const db::PipelineState& pipeline,
                    std::optional<std::int64_t> position = {}) {
  std::vector<CountedStatus> counted;
  for (const db::LatestJob& job : pipeline.jobs)
    if (!position || job.stage == *position)
      counted.push_back({job.status.value(), job.allow_failure});
  return composite_status(counted);
}

/// GitLab's set_status does nothing for `created`, nor where nothing changes.
bool is_worth_writing(std::optional<JobStatus> now, JobStatus next) {
  return now != next && next != JobStatus::created;
}

bool has_duration(JobStatus status) {
  return status == JobStatus::success || status == JobStatus::failed ||
         status == JobStatus::canceled || status == JobStatus::manual;
}

bool counts_for_duration(const db::LatestJob& job) {
  return job.is_build && job.started_at &&
         (job.status == JobStatus::success || job.status == JobStatus::failed ||
          job.status == JobStatus::running ||
          job.status == JobStatus::canceled);
}

db::PipelineChange change_of(const db::PipelineState& pipeline,
                             JobStatus status) {
  db::PipelineChange change{.id = pipeline.id,
                            .lock_version = pipeline.lock_version,
                            .status = status,
                            .duration = {}};
  if (pipeline.started_at && has_duration(status))
    change.duration = duration_of(pipeline);
  return change;
}

void append(db::StatusChanges& all, db::StatusChanges&& some) {
  std::ranges::move(some.stages, std::back_inserter(all.stages));
  std::ranges::move(some.pipelines, std::back_inserter(all.pipelines));
  std::ranges::move(some.jobs, std::back_inserter(all.jobs));
}

bool knows_all_statuses(const db::PipelineState& pipeline) {
  return std::ranges::all_of(pipeline.jobs, [](const db::LatestJob& job) {
    return job.status.has_value();
  });
}

}  // namespace

std::int64_t duration_of(const db::PipelineState& pipeline) {
  std::vector<std::pair<Timestamp, Timestamp>> times;
  for (const db::LatestJob& job : pipeline.jobs)
    if (counts_for_duration(job))
      times.emplace_back(*job.started_at,
                         job.finished_at.value_or(pipeline.now));
  std::ranges::sort(times);

  auto sum = Timestamp::duration::zero();
  Timestamp counted_to = Timestamp::min();
  for (const auto& [begin, end] : times) {
    const Timestamp from = std::max(begin, counted_to);
    if (end > from)
      sum += end - from;
    counted_to = std::max(counted_to, end);
  }
  return std::chrono::floor<std::chrono::seconds>(sum).count();
}

db::StatusChanges changes_for(const db::PipelineState& pipeline) {
  db::StatusChanges changes;
  if (!has_dropped(pipeline))
    return changes;
  for (const db::Stage& stage : pipeline.stages) {
    const JobStatus status = status_of(pipeline, stage.position);
    if (is_worth_writing(stage.status, status))
      changes.stages.push_back(
          {stage.id, pipeline.id, stage.lock_version, status});
  }
  const JobStatus status = status_of(pipeline);
  if (is_worth_writing(pipeline.status, status))
    changes.pipelines.push_back(change_of(pipeline, status));
  for (const db::LatestJob& job : pipeline.jobs)
    if (!job.is_processed)
      changes.jobs.push_back({job.id, pipeline.id, job.lock_version});
  return changes;
}

namespace {

/// What has to change so that \a pipelines are told, and which of them are told
/// by it.  One with a job whose status nobody here knows is named as a problem
/// instead.
db::DropOrder order_for(Context& context,
                        const std::vector<db::PipelineState>& pipelines) {
  db::DropOrder order;
  for (const db::PipelineState& pipeline : pipelines) {
    if (!has_dropped(pipeline))
      continue;
    if (knows_all_statuses(pipeline)) {
      db::StatusChanges changes = changes_for(pipeline);
      if (is_empty(changes))
        continue;
      append(order.changes, std::move(changes));
      order.told.push_back(pipeline.id);
    } else {
      context.report.problem(
          {Pass::builds, "ci_pipelines", pipeline.id,
           "a job of it has a status that this version does not know, so its "
           "own can't be told"});
    }
  }
  return order;
}

/// See \a pipelines as they are once \a jobs are dropped.
void assume_dropped(std::vector<db::PipelineState>& pipelines,
                    const std::vector<db::Job>& jobs) {
  std::unordered_set<std::int64_t> ids;
  for (const db::Job& job : jobs)
    ids.insert(job.id);
  for (db::PipelineState& pipeline : pipelines)
    for (db::LatestJob& job : pipeline.jobs)
      if (ids.contains(job.id)) {
        job.status = JobStatus::failed;
        job.finished_at = pipeline.now;
        job.is_dropped = true;
        job.is_processed = false;
      }
}

}  // namespace

db::DropOrder order_to_drop(Context& context, const std::vector<db::Job>& jobs,
                            const db::Located& pipelines) {
  auto states = db::with_retry([&] {
    return db::read_pipelines(context.pool, context.reading(Pass::builds),
                              pipelines);
  });
  assume_dropped(states, jobs);
  db::DropOrder order = order_for(context, states);
  order.jobs = jobs;
  order.partitions = pipelines.partitions;
  RowIds ids;
  for (const db::Job& job : jobs)
    ids.insert(job.id);
  std::erase_if(order.changes.jobs, [&](const db::CountedJob& job) {
    return ids.contains(job.id);
  });
  return order;
}

std::vector<std::int64_t> recompute_once(Context& context,
                                         const db::Located& pipelines) {
  const db::Session reading = context.reading(Pass::builds).without_deadline();
  const db::Session writing = context.writing(Pass::builds).without_deadline();
  const auto states = db::with_retry(
      [&] { return db::read_pipelines(context.pool, reading, pipelines); });
  db::DropOrder order = order_for(context, states);
  if (order.told.empty())
    return {};
  order.partitions = pipelines.partitions;
  telemetry::fault_point("builds.before_status");
  return db::with_retry(
      [&] { return context.builds.drop(writing, order).moved; });
}

void recompute_statuses(Context& context, db::Located pipelines) {
  for (int tries = 0; !pipelines.ids.empty() && tries < most_rounds; ++tries) {
    if (tries > 0)
      std::this_thread::sleep_for(std::chrono::milliseconds{30 * tries});
    pipelines.ids = recompute_once(context, pipelines);
  }
  for (const std::int64_t pipeline : pipelines.ids)
    context.report.problem({Pass::builds, "ci_pipelines", pipeline,
                            "its status could not be written, since others "
                            "kept changing it; the next run tries again"});
}

}  // namespace jobs
