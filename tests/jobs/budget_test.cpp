#include "jobs/budget.hpp"

#include "tests/support/world.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <atomic>
#include <thread>

using jobs::Budget;
using telemetry::Outcome;
using telemetry::Pass;
using tests::World;

TEST_CASE("a budget without a limit grants everything", "[unit]") {
  Budget budget;
  CHECK(budget.reserve(1'000'000'000'000) == 1'000'000'000'000);
  CHECK_FALSE(budget.is_spent());
}

TEST_CASE("a budget grants what is left, and takes back", "[unit]") {
  Budget budget(10);
  CHECK(budget.reserve(4) == 4);
  CHECK_FALSE(budget.is_spent());
  CHECK(budget.reserve(7) == 6);
  CHECK(budget.is_spent());
  CHECK(budget.reserve(1) == 0);
  budget.give_back(2);
  CHECK_FALSE(budget.is_spent());
  CHECK(budget.reserve(5) == 2);
  CHECK(Budget(0).is_spent());
}

TEST_CASE("workers side by side never exceed a budget", "[unit]") {
  Budget budget(10000);
  std::atomic<std::int64_t> kept{0};
  std::vector<std::thread> workers;
  for (int i = 0; i < 4; ++i)
    workers.emplace_back([&] {
      while (const std::int64_t granted = budget.reserve(7)) {
        const std::int64_t back = granted > 3 ? 2 : 0;
        budget.give_back(back);
        kept += granted - back;
      }
    });
  for (std::thread& worker : workers)
    worker.join();
  CHECK(kept == 10000);
}

TEST_CASE("never more than --max-destroy, and no fewer", "[postgres]") {
  World world;
  world.options.concurrency = 4;
  world.options.batch_size = 3;
  for (int i = 0; i < 10; ++i)
    world.add({.project_id = 1 + i % 5});
  for (int i = 0; i < 10; ++i)
    world.add({.locked = "2", .project_id = 1 + i % 5});
  const int limit = GENERATE(0, 1, 7, 10, 11, 20, 21);
  world.options.max_destroy = limit;

  const telemetry::Report& report = world.run();

  const int expected = std::min(limit, 20);
  CHECK(report.destroyed() == expected);
  CHECK(report.removed() == expected);
  CHECK(world.rows_left() == 20 - expected);
  CHECK(report.outcome() ==
        (limit < 20 ? Outcome::budget_exhausted : Outcome::drained));
  CHECK(report.backlog.total() == 20 - expected);
  CHECK(world.violations().empty());
}

TEST_CASE("poison and held rows don't use --max-destroy up", "[postgres]") {
  World world;
  world.options.concurrency = 4;
  world.options.batch_size = 2;
  const std::string locked = GENERATE("0", "2");
  std::vector<std::int64_t> held;
  for (int i = 0; i < 12; ++i) {
    const int project = 1 + i % 3;
    world.add({.locked = locked, .project_id = project});
    if (i % 3 == 0)
      world.add({.locked = locked,
                 .project_id = project,
                 .file = "",
                 .with_file = false});
    if (i % 4 == 0)
      held.push_back(world.add({.locked = locked, .project_id = project}).id);
  }
  tests::TestSession other;
  other.begin();
  other.run(
      fmt::format("SELECT FROM ci_pipeline_artifacts WHERE id IN ({}) "
                  "FOR UPDATE",
                  fmt::join(held, ",")));
  const int limit = GENERATE(1, 12, 13);
  world.options.max_destroy = limit;

  const telemetry::Report& report = world.run();

  CHECK(report.destroyed() == std::min(limit, 12));
  CHECK(report.outcome() == (limit < 12 && report.problems_total() == 0
                                 ? Outcome::budget_exhausted
                                 : Outcome::partial));
  other.rollback();
  CHECK(world.rows_left() == 12 + 4 + 3 - std::min(limit, 12));
}

TEST_CASE("a budget used up to the last row leaves nothing behind",
          "[postgres]") {
  World world;
  world.add_many(3, {.locked = GENERATE("0", "2")});
  world.options.max_destroy = 3;

  const telemetry::Report& report = world.run();

  CHECK(report.destroyed() == 3);
  CHECK(report.outcome() == Outcome::drained);
  CHECK(report.backlog.total() == 0);
}

TEST_CASE("--max-destroy in a plan is as in the run", "[postgres]") {
  World world;
  world.options.concurrency = 1;
  world.options.batch_size = 3;
  for (int i = 0; i < 8; ++i)
    world.add({.project_id = 1 + i % 3, .size = 1 << i});
  const int limit = GENERATE(0, 1, 5, 8, 9);
  world.options.max_destroy = limit;

  const telemetry::Report& plan = world.plan();
  const auto destroyed = plan.destroyed();
  const auto bytes = plan.pass(Pass::unlocked).bytes.load();
  const Outcome outcome = plan.outcome();
  const auto backlog = plan.backlog.total();
  const telemetry::Report& report = world.run();

  CHECK(report.destroyed() == destroyed);
  CHECK(report.pass(Pass::unlocked).bytes == bytes);
  CHECK(report.outcome() == outcome);
  CHECK(report.backlog.total() == backlog);
}
