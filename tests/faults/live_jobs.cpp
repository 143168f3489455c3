#include "tests/faults/live_jobs.hpp"

#include "jobs/composite_status.hpp"
#include "tests/support/schema_era.hpp"

#include <fmt/format.h>

#include <chrono>
#include <thread>

namespace tests {
namespace {

std::string now() {
  return "now() AT TIME ZONE 'UTC'";
}

}  // namespace

void LiveJobs::act() {
  switch (random_() % 8) {
    case 0:
    case 1:
      return create();
    case 2:
      return enqueue();
    case 3:
      return pick();
    case 4:
      return finish();
    case 5:
      return retry();
    default:
      return process(any_pipeline());
  }
}

void LiveJobs::process_all() {
  while (true) {
    const auto rows = session_.run(
        "SELECT DISTINCT commit_id FROM ci_builds WHERE processed IS NOT TRUE "
        "AND retried IS NOT TRUE AND commit_id = ANY (ARRAY(SELECT id FROM "
        "ci_pipelines))");
    if (rows.empty())
      return;
    for (const Row& row : rows)
      process(std::stoll(*row.at(0)));
  }
}

std::int64_t LiveJobs::any_pipeline() {
  return pipelines_.at(random_() % pipelines_.size());
}

/// A job as it is now; between this and the change, as in GitLab, anything may
/// happen to it.
std::optional<LiveJobs::Read> LiveJobs::any_job(const std::string& condition) {
  const auto rows = session_.run(fmt::format(
      "SELECT id, lock_version FROM ci_builds WHERE commit_id = {} AND {} "
      "ORDER BY (id * {}) % 101 LIMIT 1",
      any_pipeline(), condition, 1 + random_() % 100));
  if (rows.empty())
    return std::nullopt;
  std::this_thread::sleep_for(std::chrono::microseconds{random_() % 1000});
  return Read{std::stoll(*rows[0].at(0)), std::stoll(*rows[0].at(1))};
}

bool LiveJobs::change(const std::string& table, Read row,
                      const std::string& set) {
  const bool done =
      !session_
           .run(fmt::format("UPDATE {} SET {}, lock_version = {} WHERE id = "
                            "{} AND lock_version = {} RETURNING id",
                            table, set, row.lock_version + 1, row.id,
                            row.lock_version))
           .empty();
  if (done)
    ++changes_[{table, row.id}];
  else
    ++stale_;
  return done;
}

void LiveJobs::change_job(const std::string& status, const std::string& set,
                          const std::string& queues) {
  const auto job = any_job("retried IS NOT TRUE AND status = '" + status + "'");
  if (!job)
    return;
  session_.begin();
  if (change("ci_builds", *job, set + ", processed = false") &&
      schema_era().has_queues())
    session_.run(fmt::format(fmt::runtime(queues), job->id));
  session_.commit();
}

void LiveJobs::create() {
  const std::int64_t pipeline = any_pipeline();
  session_.run(fmt::format(
      "INSERT INTO ci_builds (commit_id, project_id, type, status, stage_id, "
      "stage_idx, allow_failure, processed) SELECT {0}, 1, 'Ci::Build', "
      "'created', id, position, {1}, false FROM ci_stages WHERE pipeline_id = "
      "{0} AND position = {2}",
      pipeline, random_() % 4 == 0, random_() % 2));
}

void LiveJobs::enqueue() {
  change_job("created", "status = 'pending'",
             "INSERT INTO ci_pending_builds (build_id, project_id) "
             "VALUES ({}, 1)");
}

void LiveJobs::pick() {
  change_job("pending", "status = 'running', started_at = " + now(),
             "DELETE FROM ci_pending_builds WHERE build_id = {0}; "
             "INSERT INTO ci_running_builds (build_id, project_id, runner_id, "
             "runner_type) VALUES ({0}, 1, 1, 1)");
}

void LiveJobs::finish() {
  const char* const status = random_() % 2 == 0 ? "success" : "failed";
  change_job("running",
             fmt::format("status = '{}', finished_at = {}", status, now()),
             "DELETE FROM ci_running_builds WHERE build_id = {}");
}

/// The old job does not count any more, and a new one does.
void LiveJobs::retry() {
  const auto job = any_job("retried IS NOT TRUE AND status = 'failed'");
  if (!job)
    return;
  session_.run(fmt::format(
      "WITH old AS (UPDATE ci_builds SET retried = true, processed = true "
      "WHERE id = {} RETURNING *) INSERT INTO ci_builds (commit_id, "
      "project_id, type, status, stage_id, stage_idx, processed) SELECT "
      "commit_id, 1, type, 'created', stage_id, stage_idx, false FROM old",
      job->id));
}

void LiveJobs::process(std::int64_t pipeline) {
  const auto rows = session_.run(fmt::format(
      "SELECT b.id, b.lock_version, b.status, b.allow_failure, b.stage_id "
      "FROM ci_builds AS b WHERE commit_id = {} AND retried IS NOT TRUE",
      pipeline));
  std::map<std::int64_t, std::vector<jobs::CountedStatus>> stages;
  std::vector<jobs::CountedStatus> all;
  std::string counted;
  for (const Row& row : rows) {
    all.push_back({db::job_status(*row.at(2)).value(), *row.at(3) == "t"});
    stages[std::stoll(*row.at(4))].push_back(all.back());
    counted += fmt::format("{}({}, {})", counted.empty() ? "" : ", ",
                           *row.at(0), *row.at(1));
  }
  const auto set = [&](const std::string& table, std::int64_t id,
                       const std::string& status) {
    while (true) {
      const auto read = session_.run(fmt::format(
          "SELECT lock_version FROM {} WHERE id = {} AND status::text <> {}",
          table, id, status));
      if (read.empty() ||
          change(table, {id, std::stoll(*read[0].at(0))}, "status = " + status))
        return;
    }
  };
  for (const auto& [stage, jobs] : stages)
    if (const auto status = jobs::composite_status(jobs);
        status != db::JobStatus::created)
      set("ci_stages", stage, fmt::format("'{}'", static_cast<int>(status)));
  if (const auto status = jobs::composite_status(all);
      status != db::JobStatus::created)
    set("ci_pipelines", pipeline, fmt::format("'{}'", db::name_of(status)));
  if (!counted.empty())
    session_.run(
        "UPDATE ci_builds SET processed = true WHERE (id, lock_version) IN (" +
        counted + ")");
}

}  // namespace tests
