#include "tests/faults/busy_world.hpp"
#include "tests/faults/fault_points.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <string_view>

namespace {

using tests::BusyWorld;
using tests::Ended;

constexpr int killed = 128 + 9;

/// Kill a run at the \a hit-th time that it comes to a fault point; what the
/// program promises must hold at once, and a clean run must find all the rest.
void kill_and_clean_up(BusyWorld& world, const char* point, int hit) {
  INFO("killed at " << point << ", hit " << hit);
  const Ended ended = tests::run_program(
      world.command(),
      {{"JANITOR_TEST_FAULT", fmt::format("{}:{}", point, hit)}});
  REQUIRE(ended.status == killed);
  world.wait_for_sessions();
  CHECK(world.violations() == std::vector<std::string>{});

  const std::int64_t left = world.eligible();
  world.let_leases_end();
  const Ended clean = tests::run_program(world.command());
  INFO(clean.err);
  REQUIRE(clean.status == 0);
  CHECK(tests::destroyed_in(tests::summary_of(clean)) == left);
  CHECK(world.violations() == std::vector<std::string>{});
  CHECK(world.left_over() == std::vector<std::string>{});
  world.refill();
}

/// At the first hit and at a later one, all points whose name begins so.
void kill_at_each(std::string_view room) {
  BusyWorld world;
  for (const tests::FaultPoint& point : tests::fault_points)
    if (std::string_view(point.name).starts_with(room)) {
      kill_and_clean_up(world, point.name, 1);
      kill_and_clean_up(world, point.name, point.later_hit);
    }
}

}  // namespace

TEST_CASE("killed while it looks for rows, a run leaves nothing broken",
          "[postgres][program]") {
  kill_at_each("page.");
  kill_at_each("window.");
}

TEST_CASE("killed while it destroys rows, a run leaves nothing broken",
          "[postgres][program]") {
  kill_at_each("batch.");
}

TEST_CASE("killed while it removes objects, a run leaves nothing broken",
          "[postgres][program]") {
  kill_at_each("objects.before_remove");
  kill_at_each("objects.removed");
  kill_at_each("objects.leased");
}

TEST_CASE("killed after it has removed objects, a run leaves nothing broken",
          "[postgres][program]") {
  kill_at_each("objects.forgotten");
  kill_at_each("objects.pruned");
}

TEST_CASE("killed before it hears of a commit, a run leaves nothing broken",
          "[postgres][program]") {
  BusyWorld world;
  kill_and_clean_up(world, "db.before_commit_answer", 1);
  for (int hit = 10; hit <= 50; hit += 10)
    kill_and_clean_up(world, "db.before_commit_answer", hit);
}
