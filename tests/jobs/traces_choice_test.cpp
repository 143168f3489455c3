#include "jobs/exit_status.hpp"
#include "tests/support/traces_world.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <chrono>
#include <set>
#include <thread>
#include <utility>

/// Which traces the traces pass takes, and when.
using std::chrono::seconds;
using telemetry::Outcome;
using telemetry::Pass;
using tests::in_redis;
using tests::TracesWorld;
using Strings = std::vector<std::string>;

namespace {

std::string ago(const std::string& interval) {
  return "now() AT TIME ZONE 'UTC' - interval '" + interval + "'";
}

/// A finished job with a chunk "log".
std::int64_t finished(TracesWorld& world, const std::string& status,
                      const std::string& when,
                      const std::string& failure_reason = "NULL") {
  const auto job =
      world.builds.job(world.pipeline, {.status = status,
                                        .failure_reason = failure_reason,
                                        .finished_at = ago(when),
                                        .queued = false});
  world.chunk(job, 0, "log", in_redis);
  return job;
}

std::set<std::int64_t> archived_by(TracesWorld& world) {
  world.archive();
  std::set<std::int64_t> jobs;
  for (const std::string& job :
       world.database.column("SELECT job_id FROM ci_job_artifacts"))
    jobs.insert(std::stoll(job));
  return jobs;
}

/// One of each status, ended \a when.
void add_all_but_dropped(TracesWorld& world, const std::string& when) {
  for (const char* status : {"success", "canceled", "skipped"})
    finished(world, status, when);
  for (const char* reason : {"NULL", "1", "11", "15"})
    finished(world, "failed", when, reason);
}

}  // namespace

TEST_CASE("only builds that failed for their user's sake are archived",
          "[postgres][schemas]") {
  TracesWorld world;
  add_all_but_dropped(world, "3 days");
  finished(world, "success", "3 days", "14");
  finished(world, "running", "3 days", "14");
  const auto dropped = finished(world, "failed", "3 days", "14");
  CHECK(archived_by(world) == std::set{dropped});
  CHECK(world.redis.keys() == 9);
}

TEST_CASE("a build that goes on is never touched, however old its chunks",
          "[postgres][schemas]") {
  TracesWorld world;
  world.options.stale_traces = true;
  for (const char* status : {"running", "pending", "created", "manual",
                             "scheduled", "preparing", "canceling"})
    finished(world, status, "3 days");
  const std::string before = world.database.dump();
  CHECK(world.archive().outcome == Outcome::drained);
  CHECK(world.database.dump() == before);
  CHECK(world.redis.keys() == 7);
  CHECK(world.run().backlog.traces == 0);
}

TEST_CASE("stale traces are those of builds that ended over 12 hours ago",
          "[postgres][schemas]") {
  TracesWorld world;
  world.options.stale_traces = true;
  const std::string over = "12 hours 1 minute";
  std::set<std::int64_t> wanted;
  for (const char* status : {"success", "canceled"})
    wanted.insert(finished(world, status, over));
  for (const char* reason : {"NULL", "1"})
    wanted.insert(finished(world, "failed", over, reason));
  finished(world, "skipped", over);
  add_all_but_dropped(world, "11 hours 59 minutes");
  const auto dropped = finished(world, "failed", "1 minute", "14");
  wanted.insert(dropped);
  CHECK(archived_by(world) == wanted);
}

TEST_CASE("a stale build without a time of its end ended when last touched",
          "[postgres][schemas]") {
  TracesWorld world;
  world.options.stale_traces = true;
  const auto old = finished(world, "failed", "1 hour");
  const auto young = finished(world, "failed", "1 hour");
  for (const auto& [job, when] :
       {std::pair{old, "13 hours"}, std::pair{young, "11 hours"}})
    world.database.run(
        fmt::format("UPDATE ci_builds SET finished_at = NULL, updated_at = {} "
                    "WHERE id = {}",
                    ago(when), job));
  CHECK(archived_by(world) == std::set{old});
}

TEST_CASE("a trace that does not settle in time is left as backlog",
          "[postgres]") {
  TracesWorld world;
  world.options.trace_settle = seconds{3600};
  world.options.time_limit = seconds{60};
  world.chunk(world.builds.dropped_job(world.pipeline, "30 minutes"), 0, "log",
              in_redis);
  const std::string before = world.database.dump();
  const auto began = std::chrono::steady_clock::now();
  const telemetry::Report& report = world.run();
  CHECK(std::chrono::steady_clock::now() - began < seconds{30});
  CHECK(report.pass(Pass::traces).outcome == Outcome::budget_exhausted);
  CHECK(report.backlog.traces == 1);
  CHECK(report.problems_total() == 0);
  CHECK(world.database.dump() == before);
  CHECK(jobs::exit_status(world.options, report, 0) == jobs::exit_done);
}

TEST_CASE("a run waits for a trace to settle while it has time", "[postgres]") {
  TracesWorld world;
  world.options.trace_settle = seconds{2};
  const auto early = world.trace("settled");
  const auto job = world.builds.dropped_job(world.pipeline, "0 seconds");
  world.chunk(job, 0, "log", in_redis);
  world.texts[job] = "log";
  const telemetry::PassReport& pass = world.archive();
  CHECK(pass.archived == 2);
  CHECK(pass.outcome == Outcome::drained);
  CHECK(world.left_over() == Strings{});
  CHECK(world.database.value(fmt::format(
            "SELECT (SELECT created_at FROM ci_job_artifacts "
            "WHERE job_id = {0}) >= (SELECT finished_at AT TIME ZONE 'UTC' "
            "FROM ci_builds WHERE id = {0}) + interval '2 seconds'",
            job)) == "t");
  CHECK(world.builds.archive(early) == "settled");
}

TEST_CASE("a signal ends the wait for traces that settle", "[postgres]") {
  TracesWorld world;
  world.options.trace_settle = seconds{3600};
  world.options.time_limit = seconds{0};
  world.chunk(world.builds.dropped_job(world.pipeline, "1 minute"), 0, "log",
              in_redis);
  std::thread signal([&] {
    std::this_thread::sleep_for(seconds{1});
    world.stop = true;
  });
  CHECK(world.archive().outcome == Outcome::interrupted);
  signal.join();
  CHECK(world.chunk_rows() == 1);
}

TEST_CASE("only the projects that are wanted are archived",
          "[postgres][schemas]") {
  TracesWorld world;
  const bool by_name = GENERATE(true, false);
  const auto user = world.builds.user();
  std::vector<std::int64_t> made;
  for (const std::int64_t project : {1, 2, 3}) {
    const auto pipeline = world.builds.pipeline(user, "failed", project);
    made.push_back(world.builds.dropped_job(pipeline));
    world.chunk(made.back(), 0, "log", in_redis);
  }
  if (by_name)
    world.options.projects = {2};
  else
    world.options.except_projects = {1, 3};
  CHECK(archived_by(world) == std::set{made[1]});
  CHECK(world.builds.archive(made[1]) == "log");
  CHECK(world.chunk_rows() == 2);
  CHECK(world.run().backlog.traces == 0);
}

TEST_CASE("no user's state keeps an earlier dropped build from its archive",
          "[postgres][schemas]") {
  TracesWorld world;
  world.trace("log");
  world.database.run("UPDATE users SET state = 'active'");
  CHECK(world.archive().archived == 1);
  CHECK(world.left_over() == Strings{});
}
