// PgBouncer in transaction mode between us and the server.

#include "tests/command_line/janitor.hpp"
#include "tests/faults/pooled_world.hpp"
#include "tests/support/fault_point.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <thread>

using std::chrono::milliseconds;
using telemetry::Outcome;
using telemetry::Pass;
using tests::FaultHook;
using tests::PooledWorld;
using Strings = std::vector<std::string>;

namespace {

/// Of at least 48 batches: the pooler's four connections are open by then.
constexpr int middle = 16;

/// A run in the middle of which the pooler gets \a command on the test's
/// database, and RESUME after \a pause.
const telemetry::Report& run_with(PooledWorld& world,
                                  const std::string& command,
                                  milliseconds pause) {
  const std::string database = " " + world.database.name();
  int hits = 0;
  const FaultHook hook("batch.destroyed", [&] {
    if (++hits != middle)
      return;
    world.pooler.console(command + database);
    std::this_thread::sleep_for(pause);
    world.pooler.console("RESUME" + database);
  });
  const telemetry::Report& report = world.run_wide();
  REQUIRE(hits >= middle);
  return report;
}

/// Whatever became of a run, nothing is lost, and the next one does the rest.
void check_next_run_drains(PooledWorld& world) {
  world.wait_for_server();
  CHECK(world.violations() == Strings{});
  CHECK(world.jobs.violations() == Strings{});
  world.let_leases_end();
  CHECK(world.run_wide().outcome() == Outcome::drained);
  CHECK(world.left_over() == Strings{});
}

}  // namespace

TEST_CASE("eight workers do both jobs by the four connections of a pooler",
          "[postgres]") {
  PooledWorld world;
  const telemetry::Report& report = world.run_wide();
  CHECK(report.outcome() == Outcome::drained);
  CHECK(report.destroyed() == PooledWorld::doomed);
  CHECK(report.pass(Pass::builds).dropped == PooledWorld::to_drop);
  CHECK(report.pass(Pass::traces).archived == 2 * PooledWorld::pipelines);
  CHECK(report.problems_total() == 0);
  CHECK(world.left_over() == Strings{});
  CHECK(world.pooler.server_connections() == tests::Pooler::pool_size);
}

TEST_CASE("a pooler that is paused for a moment costs a run nothing but that",
          "[postgres]") {
  PooledWorld world;
  const telemetry::Report& report = run_with(world, "PAUSE", milliseconds{700});
  CHECK(report.outcome() == Outcome::drained);
  CHECK(report.destroyed() == PooledWorld::doomed);
  check_next_run_drains(world);
}

TEST_CASE("a pooler that cuts all its sessions loses nothing", "[postgres]") {
  PooledWorld world;
  run_with(world, "KILL", milliseconds{300});
  check_next_run_drains(world);
}

TEST_CASE("a pooler that lets nobody wait so long loses nothing",
          "[postgres]") {
  PooledWorld world({"query_wait_timeout = 1"});
  run_with(world, "PAUSE", milliseconds{1600});
  check_next_run_drains(world);
}

TEST_CASE("a wait for the pooler beyond the statement's time loses nothing",
          "[postgres][slow]") {
  PooledWorld world;
  // We wait for the server ten seconds more than a statement may take.
  world.options.statement_timeout = milliseconds{1000};
  run_with(world, "PAUSE", milliseconds{12'000});
  check_next_run_drains(world);
}

TEST_CASE("what the server commits after the pooler has given up is not free",
          "[postgres]") {
  tests::World world;
  world.options.batch_size = 5;
  world.options.max_destroy = 5;
  world.options.lock_timeout = std::chrono::seconds{20};
  world.options.statement_timeout = std::chrono::seconds{20};
  world.add_many(10);
  tests::TestSession other;
  other.begin();
  other.run("SELECT FROM project_statistics FOR UPDATE");
  tests::Pooler pooler;
  const auto through = pooler.environment();
  const auto waiting = [&] {
    return world.database.number(
        "SELECT count(*) FROM pg_stat_activity WHERE "
        "datname = current_database() AND "
        "wait_event_type = 'Lock'");
  };
  std::thread enemy([&] {
    while (waiting() == 0)
      std::this_thread::sleep_for(milliseconds{5});
    pooler.console("KILL " + world.database.name());
    other.rollback();
    while (world.rows_left() == 10)
      std::this_thread::sleep_for(milliseconds{5});
    pooler.console("RESUME " + world.database.name());
  });

  world.run();
  enemy.join();

  CHECK(world.rows_left() == 5);
  CHECK(world.violations() == Strings{});
}

TEST_CASE("check says that there is a pooler", "[postgres][program]") {
  const PooledWorld world;
  const tests::Ended ended = tests::janitor(world, {"check"});
  INFO(ended.err);
  CHECK(ended.status == 0);
  CHECK(tests::contains(ended.out, "through a pooler"));
  CHECK(tests::janitor(world, {"plan"}).status == 0);
  CHECK(tests::janitor(world, {"explain"}).status == 0);
}

TEST_CASE("options that a pooler does not take are refused, and named",
          "[postgres][program]") {
  const PooledWorld world;
  const tests::Ended ended =
      tests::janitor(world, {"check"}, {{"PGOPTIONS", "-c geqo=off"}});
  CHECK(ended.status == 78);
  const std::string complaint = tests::complaint(ended);
  CHECK(tests::contains(complaint, "unsupported startup parameter: options"));
  CHECK(tests::contains(complaint, "unset PGOPTIONS"));
}

TEST_CASE("a pooler hands on that the server refuses us for good",
          "[postgres][program]") {
  const PooledWorld world;
  for (const auto& [variable, says] : std::map<std::string, std::string>{
           {"PGDATABASE", "does not exist"},
           {"PGUSER", "authentication failed"}}) {
    const tests::Ended ended =
        tests::janitor(world, {"check"}, {{variable, "nothing_of_ours"}});
    CHECK(ended.status == 78);
    CHECK(tests::contains(tests::complaint(ended), says));
    CHECK(tests::contains(tests::complaint(ended), variable));
  }
}
