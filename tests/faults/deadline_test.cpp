#include "tests/faults/busy_world.hpp"
#include "tests/support/fault_point.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <thread>

namespace {

using telemetry::Outcome;
using telemetry::Pass;
using tests::BusyWorld;
using tests::FaultHook;
using namespace std::chrono_literals;

/// The program with a time limit of a second, which passes while it waits for
/// the statistics of every project.
tests::Ended run_into_deadline(BusyWorld& world,
                               std::vector<std::string> more) {
  tests::TestSession other;
  other.begin();
  other.run("SELECT FROM project_statistics FOR UPDATE");
  more.insert(more.end(), {"--time-limit", "1", "--lock-timeout", "60000",
                           "--statement-timeout", "60000"});
  return tests::run_program(world.command(JANITOR_PROGRAM, more));
}

}  // namespace

TEST_CASE("at its time limit a run ends, tells what is left, and is a success",
          "[postgres]") {
  BusyWorld world;
  world.options.time_limit = 1s;
  world.options.passes = {Pass::unlocked, Pass::legacy};
  const FaultHook hook("batch.destroyed",
                       [] { std::this_thread::sleep_for(300ms); });

  const telemetry::Report& report = world.run();

  CHECK(report.outcome() == Outcome::budget_exhausted);
  CHECK(report.pass(Pass::unlocked).reason == "--time-limit was reached");
  CHECK(report.destroyed() == world.gone());
  CHECK(report.destroyed() > 0);
  CHECK(report.backlog.unlocked ==
        world.database.number("SELECT count(*) FROM ci_pipeline_artifacts "
                              "WHERE locked = 0 AND expire_at < now()"));
  CHECK(report.backlog.objects == BusyWorld::entries);
  CHECK(report.problems_total() == 0);
  CHECK(report.seconds < 3);
  CHECK(world.violations() == std::vector<std::string>{});
  // What was destroyed has been finished.
  CHECK(world.entries_left() == BusyWorld::entries);
}

TEST_CASE("a DELETE that waits at the deadline is cut, and nothing half done",
          "[postgres][program]") {
  BusyWorld world;
  const tests::Ended ended =
      run_into_deadline(world, {"--passes", "unlocked,legacy"});
  INFO(ended.err);
  CHECK(ended.status == 0);
  const nlohmann::json summary = tests::summary_of(ended);
  CHECK(summary.at("outcome") == "budget_exhausted");
  CHECK(tests::destroyed_in(summary) == 0);
  CHECK(summary.at("problems_total") == 0);
  CHECK(summary.at("backlog").at("unlocked") == BusyWorld::unlocked);
  CHECK(world.gone() == 0);
  CHECK(world.entries_left() == BusyWorld::entries);
  CHECK(world.violations() == std::vector<std::string>{});
}

TEST_CASE("what is left at the deadline is status 75 with --strict",
          "[postgres][program]") {
  BusyWorld world;
  CHECK(run_into_deadline(world, {"--strict"}).status == 75);
  CHECK(world.gone() == 0);
}

TEST_CASE("a page that waits at the deadline is cut", "[postgres]") {
  tests::World world;
  world.add_live();
  world.add_many(10, {.locked = "1"});
  world.options.time_limit = 1s;
  world.options.statement_timeout = world.options.lock_timeout = 60s;
  tests::TestSession other;
  int pages = 0;
  const FaultHook hook("page.read", [&] {
    if (++pages > 1)
      return;
    other.begin();
    other.run("LOCK ci_pipeline_artifacts");
  });

  const telemetry::Report& report = world.run();

  CHECK(report.pass(Pass::unlocked).outcome == Outcome::drained);
  CHECK(report.pass(Pass::legacy).outcome == Outcome::budget_exhausted);
  CHECK(report.destroyed() == 0);
  CHECK(report.problems_total() == 0);
  // Counting would have waited too.
  CHECK_FALSE(report.backlog.unlocked);
  other.rollback();
  CHECK(world.violations() == std::vector<std::string>{});
  CHECK(world.run().destroyed() == 10);
}

TEST_CASE("a statement that takes too long says what to do", "[postgres]") {
  tests::World world;
  world.add_live();
  world.add();
  world.options.passes = {Pass::unlocked, Pass::builds};
  world.options.statement_timeout = 200ms;
  tests::TestSession other;
  const FaultHook hook("batch.destroyed", [&] {
    other.begin();
    other.run("LOCK users");
  });
  const telemetry::PassReport& report = world.run().pass(Pass::builds);
  CHECK(report.outcome == Outcome::partial);
  CHECK(report.reason ==
        "users.blocked: canceling statement due to statement timeout; VACUUM "
        "(ANALYZE) its table, look at 'ci-janitor explain', or raise "
        "--statement-timeout");
}

TEST_CASE("what a pass begins with, cut by the deadline, is no problem",
          "[postgres]") {
  tests::World world;
  world.add_live();
  world.add();
  world.options.passes = {Pass::unlocked, Pass::builds};
  world.options.time_limit = 1s;
  world.options.statement_timeout = world.options.lock_timeout = 60s;
  tests::TestSession other;
  const FaultHook hook("batch.destroyed", [&] {
    other.begin();
    other.run("LOCK users");
  });

  const telemetry::Report& report = world.run();
  other.rollback();

  CHECK(report.pass(Pass::builds).outcome == Outcome::budget_exhausted);
  CHECK(report.pass(Pass::builds).reason == "--time-limit was reached");
  CHECK(report.outcome() == Outcome::budget_exhausted);
  CHECK(report.destroyed() == 1);
}
