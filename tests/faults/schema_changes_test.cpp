#include "tests/command_line/janitor.hpp"
#include "tests/support/fault_point.hpp"
#include "tests/support/world.hpp"

#include <catch2/catch.hpp>

#include <utility>

using telemetry::Outcome;
using telemetry::Pass;
using tests::FaultHook;

namespace {

/// Change the schema when a run has its first batch in hand.
void change_once(tests::World& world, const std::string& statement) {
  bool changed = false;
  const FaultHook hook("batch.before_destroy", [&] {
    if (!std::exchange(changed, true)) {
      world.database.run(statement);
      world.database.grant();
    }
  });
  world.run();
  REQUIRE(changed);
}

}  // namespace

TEST_CASE("a column that the queue wants from now on is given in the same run",
          "[postgres]") {
  tests::World world;
  world.add_live();
  world.add_many(20);
  change_once(world,
              "ALTER TABLE ci_deleted_objects ADD COLUMN project_id bigint "
              "NOT NULL");
  CHECK(world.rows_left() == 1);
  CHECK(world.files_left() == 1);
  CHECK(world.violations().empty());
}

TEST_CASE("a table that gets another name under a run is found again",
          "[postgres]") {
  tests::World world;
  world.add_live();
  world.add_many(20, {.locked = "2"});
  world.options.passes = {Pass::legacy};
  change_once(world, "ALTER TABLE ci_pipelines RENAME TO p_ci_pipelines");
  world.database.run("ALTER TABLE p_ci_pipelines RENAME TO ci_pipelines");
  CHECK(world.rows_left() == 1);
  CHECK(world.violations().empty());
}

TEST_CASE("a schema that changes to what is not served ends the run",
          "[postgres]") {
  tests::World world;
  world.add_live();
  world.add_many(20);
  CHECK_THROWS_AS(
      change_once(world,
                  "ALTER TABLE ci_deleted_objects ADD COLUMN riddle bigint "
                  "NOT NULL"),
      db::Error);
  CHECK(world.violations().empty());
}

TEST_CASE("a pass over a plan that begins anew refuses nothing of its own",
          "[postgres][program]") {
  tests::World world;
  world.add_live();
  world.add_many(20);
  world.options.batch_size = 5;
  world.options.concurrency = 1;
  const tests::TemporaryDirectory directory;
  const std::string plan =
      tests::janitor(world, {"plan", "--output", "jsonl"}).out;
  world.options.plan = directory.write("plan.jsonl", plan).string();
  int batches = 0;
  const FaultHook hook("batch.before_destroy", [&] {
    if (++batches == 3) {
      world.database.run(
          "ALTER TABLE ci_deleted_objects ADD COLUMN project_id bigint");
      world.database.run(
          "UPDATE ci_deleted_objects SET project_id = 1;"
          "ALTER TABLE ci_deleted_objects ALTER project_id SET NOT NULL");
      world.database.grant();
    }
  });
  const telemetry::Report& report = world.run();
  CHECK(report.pass(Pass::unlocked).refused == 0);
  CHECK(world.rows_left() == 1);
  CHECK(world.violations().empty());
}
