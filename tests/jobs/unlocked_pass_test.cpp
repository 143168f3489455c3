#include "tests/support/world.hpp"

#include <catch2/catch.hpp>

using tests::World;
using telemetry::Outcome;
using telemetry::Pass;

TEST_CASE("an expired, unlocked artifact is destroyed with its file",
          "[postgres]") {
  World world;
  const auto live = world.add_live();
  const auto expired = world.add();

  const telemetry::Report& report = world.run();

  CHECK(report.pass(Pass::unlocked).destroyed == 1);
  CHECK(report.pass(Pass::unlocked).bytes == 100);
  CHECK(report.outcome() == Outcome::drained);
  CHECK_FALSE(world.row_exists(expired));
  CHECK_FALSE(world.file_exists(expired));
  CHECK(world.row_exists(live));
  CHECK(world.entries_left() == 0);
  CHECK(world.violations().empty());
}
