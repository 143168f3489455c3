#include "db/pool.hpp"
#include "db/retry.hpp"
#include "tests/faults/busy_world.hpp"
#include "tests/faults/fault_points.hpp"
#include "tests/support/fault_point.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace {

using telemetry::Outcome;
using tests::BusyWorld;
using tests::FaultHook;

/// End all sessions of the program, and wait until they have ended.
void end_sessions() {
  tests::LibpqSession session;
  tests::end_sessions(session,
                      "datname = current_database() "
                      "AND application_name LIKE 'ci-janitor%'");
}

void check_all_done_once(BusyWorld& world, const telemetry::Report& report) {
  CHECK(report.outcome() == Outcome::drained);
  CHECK(report.problems_total() == 0);
  CHECK(report.destroyed() == BusyWorld::doomed);
  CHECK(world.violations() == std::vector<std::string>{});
  CHECK(world.left_over() == std::vector<std::string>{});
}

}  // namespace

TEST_CASE("sessions that end between any two steps are opened again",
          "[postgres][slow]") {
  BusyWorld world;
  for (const tests::FaultPoint& point : tests::fault_points) {
    INFO("at " << point.name << ", hit " << point.later_hit);
    int hits = 0;
    {
      const FaultHook hook(point.name, [&] {
        if (++hits == point.later_hit)
          end_sessions();
      });
      const telemetry::Report& report = world.run();
      REQUIRE(hits >= point.later_hit);
      CHECK(report.outcome() == Outcome::drained);
      CHECK(report.destroyed() == BusyWorld::doomed);
    }
    world.let_leases_end();
    world.run();
    CHECK(world.violations() == std::vector<std::string>{});
    CHECK(world.left_over() == std::vector<std::string>{});
    world.refill();
  }
}

TEST_CASE("many idle sessions that have ended do not use up the tries",
          "[postgres]") {
  tests::TestDatabase database;
  const std::atomic<bool> stop{false};
  db::Pool pool("ci-janitor", stop);
  {
    std::vector<db::Pool::Lease> leases;
    for (int i = 0; i < 6; ++i)
      leases.push_back(pool.acquire());
  }
  end_sessions();

  db::Session session;
  session.read_only = true;
  int rows = 0;
  db::with_retry([&] {
    db::execute(pool, session, {"test", "SELECT 1"}, {},
                [&](const db::Row&) { ++rows; });
  });
  CHECK(rows == 1);
}

TEST_CASE("a session that ends while its batch waits loses nothing",
          "[postgres]") {
  BusyWorld world;
  world.options.lock_timeout = std::chrono::seconds{10};
  tests::TestSession other;
  other.begin();
  other.run("SELECT FROM project_statistics FOR UPDATE");
  std::thread enemy([&] {
    tests::LibpqSession session;
    while (tests::end_sessions(session,
                               "wait_event_type = 'Lock' "
                               "AND datname = current_database()") == 0) {
    }
    other.rollback();
  });
  const telemetry::Report& report = world.run();
  enemy.join();
  check_all_done_once(world, report);
}
