#pragma once

#include "tests/jobs/builds_world.hpp"
#include "tests/support/program.hpp"
#include "tests/support/schema_era.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace tests {

/// Blocked users with more pipelines than are worked on at a time: every group
/// of them comes to every fault point of the builds pass.
struct BusyJobs : BuildsWorld {
  static constexpr int pipelines = 60;
  static constexpr int doomed = 3 * pipelines;
  /// Pipelines of a run that was killed: dropped, but nobody was told.
  static constexpr int untold = 3;

  BusyJobs() {
    options.max_drop = 10'000;
    const std::int64_t users[] = {jobs.user(), jobs.user(), jobs.user()};
    for (int i = 0; i < pipelines; ++i)
      add_pipeline(users[i % 3], i);
    for (const auto user : users)
      add_untold(user);
    theirs = jobs.job(jobs.pipeline(jobs.user("active")));
  }

  [[nodiscard]] std::vector<std::string> command(
      const std::string& program = JANITOR_FAULTS_PROGRAM) const {
    return {program,         "run",       "--passes",    "builds",
            "--max-drop",    "10000",     "--output",    "json",
            "--progress",    "none",      "--log-level", "warning",
            "--local-store", store.path()};
  }

  /// Wait until the server has noticed that a killed run is gone: what it was
  /// sent before is carried out all the same, COMMIT included.
  void wait_for_sessions() {
    while (count("pg_stat_activity WHERE datname = current_database() "
                 "AND application_name LIKE 'ci-janitor%'") > 0)
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }

  /// Jobs dropped by now, but for those that were before.
  std::int64_t dropped_here() { return dropped() - untold; }
  /// Those of them whose stages and pipeline were not told.
  std::int64_t uncounted() {
    return count(
        "ci_builds WHERE failure_reason = 14 AND NOT processed "
        "AND name <> 'untold'");
  }

  /// What a clean run must leave behind, whatever came before it.  Empty if
  /// all is so.
  std::vector<std::string> left_over() {
    std::vector<std::string> found = jobs.violations();
    const auto expect = [&](const std::string& from_where,
                            std::int64_t wanted) {
      if (const std::int64_t rows = count(from_where); rows != wanted)
        found.push_back(
            fmt::format("{}: {}, not {}", from_where, rows, wanted));
    };
    expect("ci_builds WHERE failure_reason = 14", doomed + untold);
    expect("ci_builds WHERE status = 'running'", 1);
    expect("ci_builds WHERE NOT processed", 0);
    expect(
        "ci_pipelines WHERE status = 'failed' AND lock_version = 1 "
        "AND finished_at IS NOT NULL AND duration IS NOT NULL",
        pipelines + untold);
    expect("ci_stages WHERE status = 4 AND lock_version = 1",
           2 * pipelines + untold);
    if (schema_era().has_queues())
      expect("ci_running_builds", 1);
    expect("ci_resources WHERE build_id IS NOT NULL", 0);
    return found;
  }

  std::int64_t theirs = 0;  ///< the only job that nobody may touch

 private:
  void add_pipeline(std::int64_t user, int number) {
    const auto pipeline = jobs.pipeline(user);
    const auto running = jobs.job(pipeline);
    jobs.job(pipeline, {.status = "pending", .stage = 1});
    jobs.job(pipeline, {.status = "created", .stage = 1});
    jobs.job(pipeline, {.status = "success"});
    if (number % 10 == 0)
      jobs.hold_resource(jobs.resource_group(std::to_string(number)), running);
  }

  void add_untold(std::int64_t user) {
    const auto job = jobs.dropped_job(jobs.pipeline(user));
    set("ci_builds", job, "processed = false, name = 'untold'");
  }
};

/// Jobs dropped by a program, as its summary says.
inline std::int64_t dropped_in(const Ended& ended) {
  return nlohmann::json::parse(ended.out)
      .at("passes")
      .at("builds")
      .at("dropped")
      .get<std::int64_t>();
}

}  // namespace tests
