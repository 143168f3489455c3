#include "tests/jobs/builds_world.hpp"
#include "tests/support/fault_point.hpp"
#include "tests/support/schema_era.hpp"

#include <catch2/catch.hpp>

#include <functional>
#include <thread>

/// What a live GitLab, or anybody else, does between two steps of a drop.
namespace {

using telemetry::Outcome;
using telemetry::Pass;
using tests::BuildsWorld;
using tests::FaultHook;
using namespace std::chrono_literals;

/// Calls \a act the first time that the pass comes to the point.
FaultHook once(const char* point, std::function<void()> act) {
  return FaultHook(point, [act, done = false]() mutable {
    if (!std::exchange(done, true))
      act();
  });
}

/// One pipeline with one running job, and a session of somebody else.
struct OneJob : BuildsWorld {
  OneJob() { options.lock_timeout = 30ms; }

  /// As ActiveRecord does it: false if somebody else was first.
  bool change(std::int64_t id, const std::string& assignments) {
    return !gitlab
                .run(fmt::format("UPDATE ci_builds SET {}, lock_version = "
                                 "coalesce(lock_version, 0) + 1 WHERE id = {} "
                                 "RETURNING id",
                                 assignments, id))
                .empty();
  }

  void check_dropped_once(const telemetry::PassReport& report) {
    CHECK(report.dropped == 1);
    CHECK(report.conflicts == 0);
    CHECK(report.outcome == Outcome::drained);
    CHECK(jobs.status(job) == "failed");
    CHECK(jobs.pipeline_status(pipeline) == "failed");
    if (tests::schema_era().has_queues()) {
      CHECK(count("ci_running_builds") == 0);
      CHECK(count("ci_pending_builds") == 0);
    }
  }

  tests::TestSession gitlab;
  std::int64_t pipeline = blocked_pipeline();
  std::int64_t job = jobs.job(pipeline);
};

}  // namespace

TEST_CASE("a job that somebody else holds is left to the next run",
          "[postgres][schemas]") {
  OneJob world;
  world.jobs.jobs(3, world.pipeline);
  world.gitlab.begin();
  world.gitlab.run(
      fmt::format("SELECT FROM ci_builds WHERE id = {} FOR UPDATE", world.job));

  const telemetry::Report& report = world.run();

  CHECK(report.pass(Pass::builds).dropped == 3);
  CHECK(report.pass(Pass::builds).conflicts == 1);
  CHECK(report.outcome() == Outcome::throttled);
  CHECK(report.backlog.builds == 1);
  CHECK(world.jobs.status(world.job) == "running");
  CHECK(world.jobs.pipeline_status(world.pipeline) == "running");
  if (tests::schema_era().has_queues())
    CHECK(world.count("ci_running_builds") == 1);

  world.gitlab.rollback();
  world.check_dropped_once(world.drop());
  CHECK(world.jobs.violations() == std::vector<std::string>{});
}

TEST_CASE("a job that somebody else changed is read again, and dropped",
          "[postgres][schemas][queues]") {
  OneJob world;
  SECTION("it has a lock_version") {}
  // GitLab's own tables forbid it by now.
  if (tests::schema_era().name().empty())
    SECTION("it had none") {
      world.set("ci_builds", world.job, "lock_version = NULL");
    }
  const auto hook = once("builds.before_drop", [&] {
    world.change(world.job, "status = 'pending'");
    world.gitlab.run(
        fmt::format("DELETE FROM ci_running_builds; INSERT INTO "
                    "ci_pending_builds (build_id, project_id) VALUES ({}, 1)",
                    world.job));
  });
  world.check_dropped_once(world.drop());
  CHECK(world.of_job(world.job, "lock_version") == "2");
}

TEST_CASE("a job that lost its lock_version meanwhile is read again",
          "[postgres]") {
  OneJob world;
  const auto hook = once("builds.before_drop", [&] {
    world.gitlab.run("UPDATE ci_builds SET lock_version = NULL");
  });
  world.check_dropped_once(world.drop());
  CHECK(world.of_job(world.job, "lock_version") == "1");
}

TEST_CASE("a job that ended before its drop keeps what it ended with",
          "[postgres][schemas]") {
  OneJob world;
  const auto hook = once("builds.before_drop", [&] {
    world.change(world.job, "status = 'success', processed = false");
  });
  const std::string stage = world.row("ci_stages", 1);
  const auto& report = world.drop();
  CHECK(report.dropped == 0);
  CHECK(report.conflicts == 0);
  CHECK(report.outcome == Outcome::drained);
  CHECK(world.jobs.status(world.job) == "success");
  CHECK(world.of_job(world.job, "processed") == "f");
  CHECK(world.row("ci_stages", 1) == stage);
}

TEST_CASE("a job that changes again and again is tried three times, then left",
          "[postgres][schemas]") {
  OneJob world;
  int tries = 0;
  const FaultHook hook("builds.before_drop", [&] {
    ++tries;
    world.change(world.job, "updated_at = now()");
  });
  const auto& report = world.drop();
  CHECK(tries == 3);
  CHECK(report.dropped == 0);
  CHECK(report.conflicts == 1);
  CHECK(report.outcome == Outcome::throttled);
  CHECK(world.jobs.status(world.job) == "running");
}

TEST_CASE("a user who is unblocked meanwhile loses no more jobs",
          "[postgres][schemas]") {
  OneJob world;
  world.options.concurrency = 1;
  world.options.wave_size = 1;
  std::vector<std::int64_t> later;
  for (int i = 0; i < 3; ++i)
    later.push_back(world.jobs.pipeline(1));
  for (const auto pipeline : later)
    world.jobs.job(pipeline);
  const auto hook = once("builds.after_drop", [&] {
    world.gitlab.run("UPDATE users SET state = 'active'");
  });
  const auto before = world.row("ci_pipelines", later.front());

  CHECK(world.drop().dropped == 1);

  CHECK(world.dropped() == 1);
  CHECK(world.jobs.pipeline_status(world.pipeline) == "failed");
  CHECK(world.row("ci_pipelines", later.front()) == before);
}

TEST_CASE("a user who is unblocked before a wave's last group keeps its jobs",
          "[postgres][schemas]") {
  OneJob world;
  world.options.concurrency = 1;
  for (int i = 0; i < 59; ++i)
    world.jobs.job(world.jobs.pipeline(1));
  const auto hook = once("builds.after_drop", [&] {
    world.gitlab.run("UPDATE users SET state = 'active'");
  });
  CHECK(world.drop().dropped == 50);
  CHECK(world.count("ci_builds WHERE status = 'running'") == 10);
}

TEST_CASE("jobs that a live GitLab enqueues behind a slice are dropped too",
          "[postgres][schemas]") {
  OneJob world;
  int added = 0;
  const FaultHook hook("builds.after_drop", [&] {
    if (++added <= 5)
      world.jobs.job(world.pipeline, {.status = "pending", .stage = added});
  });
  CHECK(world.drop().dropped == 6);
  CHECK(world.jobs.pipeline_status(world.pipeline) == "failed");
  CHECK(world.count("ci_stages WHERE status <> 4") == 0);
  CHECK(world.jobs.violations() == std::vector<std::string>{});
}

TEST_CASE("a job enqueued after the last look is counted, and dropped next",
          "[postgres][schemas]") {
  OneJob world;
  std::int64_t late = 0;
  {
    const auto hook = once("builds.before_leftovers", [&] {
      late = world.jobs.job(world.pipeline, {.status = "pending"});
      world.set("ci_pipelines", world.pipeline, "status = 'running'");
    });
    CHECK(world.drop().dropped == 1);
  }
  CHECK(world.jobs.status(late) == "pending");
  CHECK(world.drop().dropped == 1);
  CHECK(world.jobs.pipeline_status(world.pipeline) == "failed");
}
