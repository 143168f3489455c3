#include "tests/faults/busy_world.hpp"
#include "tests/support/fault_point.hpp"
#include "tests/support/postgres_server.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <thread>

using tests::BusyWorld;

TEST_CASE("a server started again in time costs a run nothing but the wait",
          "[postgres][slow]") {
  tests::PostgresServer server;
  const auto here = server.environment();
  BusyWorld world;
  int batches = 0;
  const tests::FaultHook hook("batch.destroyed", [&] {
    if (++batches == 3) {
      server.crash();
      server.start();
    }
  });

  const telemetry::Report& report = world.run();

  CHECK(report.outcome() == telemetry::Outcome::drained);
  CHECK(report.destroyed() == BusyWorld::doomed);
  CHECK(tests::LibpqSession(world.database.name())
            .run("SELECT FROM ci_pipeline_artifacts WHERE locked = 0 "
                 "AND expire_at < now()")
            .empty());
}

TEST_CASE(
    "a server lost for good is status 69, with a summary of what was done",
    "[postgres][program][slow]") {
  tests::PostgresServer server;
  const auto here = server.environment();
  BusyWorld world;
  tests::TestSession other;
  other.begin();
  other.run("SELECT FROM project_statistics WHERE project_id = 1 FOR UPDATE");
  tests::Program program(
      world.command(JANITOR_PROGRAM, {"--lock-timeout", "60000"}));
  // The other projects' batches pass by those of project 1.
  while (world.gone() == 0 ||
         world.database.number("SELECT count(*) FROM pg_stat_activity "
                               "WHERE wait_event_type = 'Lock'") == 0)
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  server.crash();

  const tests::Ended ended = program.wait();
  INFO(ended.err);
  CHECK(ended.status == 69);
  const nlohmann::json summary = tests::summary_of(ended);
  CHECK(summary.at("outcome") == "partial");
  CHECK(tests::destroyed_in(summary) > 0);

  server.start();
  const auto left = tests::LibpqSession(world.database.name())
                        .run(
                            "SELECT count(*) FROM ci_pipeline_artifacts "
                            "WHERE expire_at < now() AND locked = 0");
  CHECK(BusyWorld::unlocked - std::stoi(*left.at(0).at(0)) >=
        tests::destroyed_in(summary));
}
