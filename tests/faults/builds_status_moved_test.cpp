#include "tests/jobs/builds_world.hpp"
#include "tests/support/fault_point.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

/// A live GitLab that moves between the read and the write of a status: it is
/// read before the drop that writes it, and again where that could not.
namespace {

using telemetry::Outcome;
using telemetry::Pass;
using tests::BuildsWorld;
using tests::FaultHook;
using namespace std::chrono_literals;

struct TwoJobs : BuildsWorld {
  TwoJobs() { options.lock_timeout = 30ms; }

  void check_told() {
    CHECK(jobs.pipeline_status(pipeline) == "failed");
    CHECK(of_stage(pipeline, 0, "status") == "4");
    CHECK(count("ci_builds WHERE NOT processed") == 0);
    CHECK(jobs.violations() == std::vector<std::string>{});
  }

  tests::TestSession gitlab;
  std::int64_t pipeline = blocked_pipeline();
  std::int64_t job = jobs.job(pipeline);
  std::int64_t done = jobs.job(pipeline, {.status = "success"});
};

/// Runs with a GitLab that says \a sql after the first \a times reads.
telemetry::Report& run_with_moves(TwoJobs& world, const std::string& sql,
                                  int times, int* reads = nullptr) {
  int seen = 0;
  const auto move = [&] {
    if (++seen <= times)
      world.gitlab.run(sql);
  };
  const FaultHook first("builds.before_drop", move);
  const FaultHook again("builds.before_status", move);
  telemetry::Report& report = world.run();
  if (reads)
    *reads = seen;
  return report;
}

void wait_for_waiter(BuildsWorld& world) {
  while (world.count("pg_stat_activity WHERE datname = current_database() "
                     "AND wait_event_type = 'Lock'") == 0)
    std::this_thread::sleep_for(5ms);
}

}  // namespace

TEST_CASE("a status is told again where a live GitLab moved first",
          "[postgres][schemas]") {
  TwoJobs world;
  std::string sql;
  SECTION("the stage") {
    sql = "UPDATE ci_stages SET status = 1, lock_version = lock_version + 1";
  }
  SECTION("the pipeline") {
    sql =
        "UPDATE ci_pipelines SET status = 'pending', "
        "lock_version = lock_version + 1";
  }
  SECTION("a stage and the pipeline") {
    sql =
        "UPDATE ci_stages SET lock_version = lock_version + 1; "
        "UPDATE ci_pipelines SET lock_version = lock_version + 1";
  }
  int reads = 0;
  const telemetry::Report& report = run_with_moves(world, sql, 2, &reads);
  CHECK(reads == 3);
  CHECK(report.problems_total() == 0);
  CHECK(report.outcome() == Outcome::drained);
  world.check_told();
}

TEST_CASE("a stage that moved leaves its pipeline unwritten, and not others",
          "[postgres][schemas]") {
  TwoJobs world;
  const auto other = world.blocked_pipeline();
  world.jobs.job(other);
  std::string seen;
  const FaultHook first("builds.before_drop", [&] {
    world.gitlab.run(
        fmt::format("UPDATE ci_stages SET lock_version = lock_version + 1 "
                    "WHERE pipeline_id = {}",
                    world.pipeline));
  });
  const FaultHook again("builds.before_status", [&] {
    seen = world.jobs.pipeline_status(world.pipeline) + " " +
           world.jobs.pipeline_status(other);
  });
  world.run();
  CHECK(seen == "running failed");
  world.check_told();
}

TEST_CASE("a job that ends while the status is told is counted as it ended",
          "[postgres][schemas]") {
  TwoJobs world;
  world.set("ci_builds", world.done, "status = 'manual', processed = false");
  run_with_moves(world,
                 fmt::format("UPDATE ci_builds SET status = 'success', "
                             "lock_version = lock_version + 1 WHERE id = {}",
                             world.done),
                 1);
  world.check_told();
}

TEST_CASE("a status that keeps moving is named, and told by the next run",
          "[postgres][schemas]") {
  TwoJobs world;
  const telemetry::Report& report = run_with_moves(
      world, "UPDATE ci_stages SET lock_version = lock_version + 1", 1000);
  CHECK(report.pass(Pass::builds).dropped == 1);
  REQUIRE(report.problems().size() == 1);
  CHECK(report.problems()[0].table == "ci_pipelines");
  CHECK(report.problems()[0].id == world.pipeline);
  CHECK(world.jobs.pipeline_status(world.pipeline) == "running");
  CHECK(world.of_job(world.job, "processed") == "f");

  CHECK(world.run().problems_total() == 0);
  world.check_told();
}

TEST_CASE("a pipeline that somebody holds is named, and told by the next run",
          "[postgres][schemas]") {
  TwoJobs world;
  const auto other = world.blocked_pipeline();
  world.jobs.job(other);
  world.gitlab.begin();
  world.gitlab.run(fmt::format(
      "SELECT FROM ci_pipelines WHERE id = {} FOR UPDATE", world.pipeline));
  const telemetry::Report& report = world.run();
  world.gitlab.rollback();
  CHECK(report.pass(Pass::builds).dropped == 2);
  REQUIRE(report.problems().size() == 1);
  CHECK(report.problems()[0].id == world.pipeline);
  CHECK(world.jobs.pipeline_status(other) == "failed");

  CHECK(world.run().problems_total() == 0);
  world.check_told();
}

// A user may be unblocked when the next run comes, which then has no reason to
// look at the pipeline: whatever ends this one, it may leave nothing untold.
TEST_CASE("a pipeline is told before the next slice, be it cut or moved",
          "[postgres][schemas]") {
  const bool moves = GENERATE(false, true);
  TwoJobs world;
  world.options.concurrency = 1;
  for (int i = 0; i < 4; ++i)
    world.jobs.jobs(150, world.jobs.pipeline(1));
  std::vector<std::string> untold;
  const FaultHook hook("builds.before_drop", [&] {
    untold.push_back(fmt::format("{} of {}",
                                 world.count("ci_builds WHERE NOT processed"),
                                 world.dropped()));
    if (moves)
      world.gitlab.run("UPDATE ci_stages SET lock_version = lock_version + 1");
  });
  CHECK(world.drop().dropped == 601);
  CHECK(untold == std::vector<std::string>{"0 of 0", "0 of 451"});
  world.check_told();
}

TEST_CASE("a pipeline of more jobs than a slice is told with its last one",
          "[postgres][schemas]") {
  TwoJobs world;
  world.jobs.jobs(600, world.pipeline);
  world.jobs.job(world.jobs.pipeline(1));
  std::vector<std::string> seen;
  const FaultHook hook("builds.after_drop", [&] {
    seen.push_back(fmt::format(
        "{}: {} of {}", world.jobs.pipeline_status(world.pipeline),
        world.count("ci_builds WHERE NOT processed"), world.dropped()));
  });
  CHECK(world.drop().dropped == 602);
  CHECK(seen ==
        std::vector<std::string>{"running: 500 of 500", "failed: 0 of 602"});
  world.check_told();
}

TEST_CASE("what was dropped is told where the deadline cuts the next look",
          "[postgres][schemas]") {
  TwoJobs world;
  world.options.time_limit = 1s;
  world.options.statement_timeout = world.options.lock_timeout = 60s;
  const std::string move =
      "UPDATE ci_stages SET lock_version = lock_version + 1";
  tests::TestSession locks;
  const FaultHook first("builds.before_drop", [&] { world.gitlab.run(move); });
  const FaultHook lock("builds.after_drop", [&] {
    world.jobs.job(world.pipeline, {.status = "pending", .stage = 1});
    locks.begin();
    locks.run("LOCK users");
  });
  const FaultHook again("builds.before_status", [&, seen = 0]() mutable {
    if (++seen == 1)
      world.gitlab.run(move);
  });
  const telemetry::Report& report = world.run();
  locks.rollback();
  CHECK(report.pass(Pass::builds).dropped == 1);
  CHECK(report.outcome() == Outcome::budget_exhausted);
  CHECK(report.problems_total() == 0);
  CHECK(world.dropped() == 1);
  CHECK(world.count("ci_builds WHERE NOT processed") == 0);
}

TEST_CASE("a deadlock with a live GitLab is tried again",
          "[postgres][schemas]") {
  TwoJobs world;
  world.options.lock_timeout = 10s;
  world.jobs.hold_resource(world.jobs.resource_group("production"), world.job);
  std::thread gitlab;
  const FaultHook hook("builds.before_drop", [&] {
    if (gitlab.joinable())
      return;
    world.gitlab.begin();
    world.gitlab.run("UPDATE ci_resources SET updated_at = now()");
    gitlab = std::thread([&] {
      wait_for_waiter(world);
      world.gitlab.run(
          fmt::format("UPDATE ci_builds SET updated_at = now(), lock_version = "
                      "lock_version + 1 WHERE id = {}",
                      world.job));
      world.gitlab.commit();
    });
  });

  const telemetry::Report& report = world.run();
  gitlab.join();

  CHECK(world.database.number("SELECT deadlocks FROM pg_stat_database WHERE "
                              "datname = current_database()") == 1);
  CHECK(report.outcome() == Outcome::drained);
  CHECK(report.problems_total() == 0);
  CHECK(report.pass(Pass::builds).dropped == 1);
  CHECK(world.jobs.pipeline_status(world.pipeline) == "failed");
  CHECK(world.count("ci_resources WHERE build_id IS NOT NULL") == 0);
}
