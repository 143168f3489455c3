#include "tests/jobs/slow_world.hpp"
#include "tests/support/jobs.hpp"

#include <catch2/catch.hpp>

using telemetry::Outcome;
using telemetry::Pass;
using tests::SlowWorld;

TEST_CASE("--max-rate holds artifacts and jobs back", "[postgres]") {
  SlowWorld world;
  world.options.passes = {Pass::unlocked, Pass::builds};
  world.options.time_limit = std::chrono::seconds{60};
  world.options.max_rate = 20;
  world.add_many(30);
  tests::Jobs jobs(world);
  jobs.jobs(20, jobs.pipeline(jobs.user()));

  const telemetry::Report& report = world.run();

  CHECK(report.outcome() == Outcome::drained);
  CHECK(report.destroyed() == 30);
  CHECK(report.pass(Pass::builds).dropped == 20);
  // All but what came last has been paid for, whatever the machine.
  CHECK(report.seconds >= 1.5);
}

TEST_CASE("--max-rate is given up at the deadline, and the rows are left",
          "[postgres]") {
  SlowWorld world;
  world.options.max_rate = 1;
  world.options.time_limit = std::chrono::seconds{2};
  world.add_many(30);

  const auto& report = world.run_unlocked();

  CHECK(report.outcome == Outcome::budget_exhausted);
  CHECK(report.destroyed >= 1);
  CHECK(report.destroyed <= 3);
  CHECK(world.rows_left() == 30 - report.destroyed);
  CHECK(world.violations().empty());
}
