#include "tests/faults/failover_world.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <thread>

using std::chrono::milliseconds;
using telemetry::Outcome;
using tests::FailoverWorld;
using Violations = std::vector<std::string>;

TEST_CASE("a standby that lags costs the files of rows that it still has",
          "[postgres][slow]") {
  FailoverWorld world;
  CHECK(world.run_unseen_by_standby().outcome() == Outcome::drained);
  CHECK(world.violations() == Violations{});

  world.lose_primary();

  // Why there are the options that the next tests are about.
  CHECK(world.violations().size() == world.doomed);
  CHECK(world.rows_left() == world.live + world.doomed);
  CHECK(world.files_left() == world.live);
}

TEST_CASE("nothing is removed that a standby would still name",
          "[postgres][slow]") {
  FailoverWorld world;
  world.options.wait_for_standby = 1;
  world.options.statement_timeout = milliseconds{2000};
  world.add_entry("queued/before", "job.log");

  const telemetry::Report& report = world.run_unseen_by_standby();

  CHECK(report.outcome() == Outcome::partial);
  CHECK_THAT(report.pass(telemetry::Pass::unlocked).reason,
             Catch::StartsWith("--wait-for-standby 1: "));
  CHECK(report.destroyed() > 0);
  CHECK(report.removed() == 0);
  CHECK(world.files_left() == world.live + world.doomed + 1);
  CHECK(world.violations() == Violations{});
  CHECK(world.database.number("SELECT count(*) FROM ci_deleted_objects "
                              "WHERE pick_up_at < now() + interval '5 min'") ==
        0);

  world.lose_primary();
  CHECK(world.violations() == Violations{});
  CHECK(world.rows_left() == world.live + world.doomed);
  world.finish_on_new_primary();
}

TEST_CASE("what a standby was too late for is removed when it has caught up",
          "[postgres][slow]") {
  FailoverWorld world;
  world.options.wait_for_standby = 1;
  world.options.statement_timeout = std::chrono::seconds{60};
  std::thread later;

  const telemetry::Report& report =
      world.run_and_at("batch.before_destroy", 1, [&] {
        world.cut_off();
        later = std::thread([&] {
          std::this_thread::sleep_for(milliseconds{700});
          CHECK(world.files_left() == world.live + world.doomed);
          world.connect();
        });
      });
  later.join();

  CHECK(report.outcome() == Outcome::drained);
  CHECK(report.destroyed() == world.doomed);
  CHECK(report.removed() == world.doomed);
  CHECK(report.seconds > 0.7);
  CHECK(world.entries_left() == 0);
  world.lose_primary();
  CHECK(world.violations() == Violations{});
}

TEST_CASE("the deadline and a signal cut the wait for a standby short",
          "[postgres][slow]") {
  FailoverWorld world;
  world.options.wait_for_standby = 1;
  world.options.statement_timeout = std::chrono::seconds{60};
  SECTION("the deadline") {
    world.options.time_limit = std::chrono::seconds{2};
    const telemetry::Report& report = world.run_unseen_by_standby();
    CHECK(report.outcome() == Outcome::budget_exhausted);
    CHECK(report.seconds < 10);
  }
  SECTION("a signal") {
    const telemetry::Report& report =
        world.run_and_at("batch.before_destroy", 1, [&] {
          world.cut_off();
          world.stop = true;
        });
    CHECK(report.outcome() == Outcome::interrupted);
    CHECK(report.seconds < 10);
  }
  CHECK(world.files_left() == world.live + world.doomed);
  CHECK(world.violations() == Violations{});
}

TEST_CASE("a delayed removal leaves time for a standby, or for a restore",
          "[postgres][slow]") {
  FailoverWorld world;
  world.options.removal_delay = std::chrono::seconds{3600};

  const telemetry::Report& report = world.run_unseen_by_standby();

  CHECK(report.outcome() == Outcome::drained);
  CHECK(report.destroyed() == world.doomed);
  CHECK(report.removed() == 0);
  CHECK(report.backlog.objects == 0);
  world.lose_primary();
  CHECK(world.violations() == Violations{});
  CHECK(world.rows_left() == world.live + world.doomed);
  world.finish_on_new_primary();
}
