#include "jobs/check.hpp"
#include "tests/support/world.hpp"

#include <catch2/catch.hpp>

namespace {

using jobs::Level;

jobs::Finding found_values(tests::World& world) {
  world.options.command = jobs::Command::check;
  jobs::Installation installation(world.options, "test", world.stop);
  for (const jobs::Finding& finding : jobs::examine(installation))
    if (finding.subject == "values")
      return finding;
  return {};
}

}  // namespace

TEST_CASE("values that nobody knows yet are named, and their rows left alone",
          "[postgres]") {
  tests::World world;
  world.add_live();
  world.add_many(5, {.locked = "9", .pipeline_locked = 5});
  world.add_many(5);
  world.database.run("UPDATE ci_pipelines SET status = 'dormant'; ANALYZE");

  const jobs::Finding found = found_values(world);
  CHECK(found.level == Level::warning);
  CHECK(found.text ==
        "not known here, and so left as they are: ci_pipeline_artifacts.locked "
        "9, ci_pipelines.locked 5, ci_pipelines.status dormant; look for a "
        "newer ci-janitor");

  CHECK(world.run().destroyed() == 5);
  CHECK(world.rows_left() == 6);
  CHECK(world.violations().empty());
}

TEST_CASE("values that GitLab writes are all known", "[postgres]") {
  tests::World world;
  world.add_live();
  world.add_many(5, {.locked = "1", .pipeline_locked = 1});
  world.add_many(5, {.locked = "2", .pipeline_locked = 1});
  world.database.run("ANALYZE");
  CHECK(found_values(world).level == Level::ok);
}
