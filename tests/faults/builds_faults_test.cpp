#include "tests/faults/busy_jobs.hpp"
#include "tests/faults/fault_points.hpp"
#include "tests/support/slow_proxy.hpp"

#include <catch2/catch.hpp>

/// A builds pass that is killed, stopped or cut off between any two steps.
namespace {

using telemetry::Outcome;
using telemetry::Pass;
using tests::BusyJobs;
using tests::Cut;
using tests::Ended;

constexpr int killed = 128 + 9;

void clean_up(BusyJobs& world) {
  CHECK(world.jobs.violations() == std::vector<std::string>{});
  const std::int64_t before = world.dropped_here();
  const Ended clean = tests::run_program(world.command());
  INFO(clean.err);
  REQUIRE(clean.status == 0);
  CHECK(tests::dropped_in(clean) == BusyJobs::doomed - before);
  CHECK(world.left_over() == std::vector<std::string>{});
}

Ended run_with_fault(BusyJobs& world, const std::string& fault) {
  const Ended ended =
      tests::run_program(world.command(), {{"JANITOR_TEST_FAULT", fault}});
  world.wait_for_sessions();
  return ended;
}

void kill_and_clean_up(const char* point, int hit) {
  INFO("killed at " << point << ", hit " << hit);
  BusyJobs world;
  REQUIRE(run_with_fault(world, fmt::format("{}:{}", point, hit)).status ==
          killed);
  clean_up(world);
}

void stop_and_clean_up(const char* point, int hit) {
  INFO("SIGTERM at " << point << ", hit " << hit);
  BusyJobs world;
  const Ended ended =
      run_with_fault(world, fmt::format("{}:{}:TERM", point, hit));
  INFO(ended.err);
  REQUIRE(ended.status == 143);
  CHECK(tests::dropped_in(ended) == world.dropped_here());
  CHECK(world.uncounted() == 0);
  clean_up(world);
}

/// A run through a proxy that cuts the first transaction with \a statement.
void cut_and_check(Cut where, const char* statement) {
  INFO(statement);
  BusyJobs world;
  tests::SlowProxy proxy;
  const telemetry::Report* report = nullptr;
  {
    const auto through = proxy.environment();
    proxy.cut(where, statement);
    report = &world.run();
  }
  REQUIRE(proxy.has_cut());
  CHECK(report->outcome() == Outcome::drained);
  CHECK(report->pass(Pass::builds).dropped == BusyJobs::doomed);
  CHECK(report->problems_total() == 0);
  CHECK(world.left_over() == std::vector<std::string>{});
}

}  // namespace

TEST_CASE("killed between any two steps, a drop is completed by the next run",
          "[postgres][program][slow]") {
  for (const tests::FaultPoint& point : tests::builds_fault_points) {
    kill_and_clean_up(point.name, 1);
    kill_and_clean_up(point.name, point.later_hit);
  }
}

TEST_CASE("killed before it hears of any commit, a run loses and repeats none",
          "[postgres][program][slow]") {
  int kills = 0;
  for (int hit = 1;; hit += 3) {
    INFO("hit " << hit);
    BusyJobs world;
    const Ended ended =
        run_with_fault(world, fmt::format("db.before_commit_answer:{}", hit));
    clean_up(world);
    if (ended.status == 0)
      break;
    REQUIRE(ended.status == killed);
    ++kills;
  }
  CHECK(kills >= 5);
}

TEST_CASE("SIGTERM between any two steps lets a drop be finished",
          "[postgres][program][slow]") {
  for (const tests::FaultPoint& point : tests::builds_fault_points) {
    stop_and_clean_up(point.name, 1);
    stop_and_clean_up(point.name, point.later_hit);
  }
}

TEST_CASE("SIGTERM in the first group leaves later groups alone",
          "[postgres][program]") {
  BusyJobs world;
  auto command = world.command();
  command.insert(command.end(), {"--concurrency", "1"});
  const Ended ended = tests::run_program(
      command, {{"JANITOR_TEST_FAULT", "builds.after_drop:1:TERM"}});
  REQUIRE(ended.status == 143);
  // A group is 50 pipelines, two of them untold ones.
  CHECK(world.dropped_here() == 3 * 48);
  CHECK(world.uncounted() == 0);
  const auto summary = nlohmann::json::parse(ended.out);
  CHECK(summary.at("passes").at("builds").at("outcome") == "interrupted");
}

TEST_CASE("a drop whose commit is not answered is counted once", "[postgres]") {
  cut_and_check(Cut::before_answer, "failure_reason = 14,");
  cut_and_check(Cut::before_commit, "failure_reason = 14,");
}

TEST_CASE("a status whose commit is not answered is written once",
          "[postgres]") {
  cut_and_check(Cut::before_answer, "UPDATE public.ci_stages");
  cut_and_check(Cut::before_commit, "UPDATE public.ci_stages");
}

TEST_CASE("a connection cut while schedules are turned off is no end of a run",
          "[postgres]") {
  cut_and_check(Cut::before_answer, "UPDATE public.ci_pipeline_schedules");
  cut_and_check(Cut::before_commit, "UPDATE public.ci_pipeline_schedules");
}
