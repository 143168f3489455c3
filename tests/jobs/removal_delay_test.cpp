#include "tests/jobs/parsing.hpp"
#include "tests/support/world.hpp"

#include <catch2/catch.hpp>

#include <chrono>

using telemetry::Outcome;
using telemetry::Pass;
using tests::World;

namespace {

/// Three artifacts to destroy, a live one, and an entry that is due.
struct DelayWorld : World {
  DelayWorld() {
    options.removal_delay = std::chrono::seconds{7200};
    add_live();
    add_many(2);
    add({.locked = "2"});
    add_entry("due", "object");
  }
};

}  // namespace

TEST_CASE("a delayed removal is left in the queue, and nothing else is",
          "[postgres]") {
  DelayWorld world;
  const telemetry::Report& report = world.run();

  CHECK(report.outcome() == Outcome::drained);
  CHECK(report.destroyed() == 3);
  CHECK(report.pass(Pass::unlocked).removed == 0);
  CHECK(report.pass(Pass::legacy).removed == 0);
  // What was due before is not delayed.
  CHECK(report.pass(Pass::objects).removed == 1);
  CHECK(report.backlog.objects == 0);
  CHECK(world.files_left() == 4);
  CHECK(world.violations().empty());
  CHECK(world.database.number(
            "SELECT count(*) FROM ci_deleted_objects WHERE pick_up_at BETWEEN "
            "now() + interval '7190 s' AND now() + interval '7200 s'") == 3);
}

TEST_CASE("a later run removes it once it is due, and not before",
          "[postgres]") {
  DelayWorld world;
  world.run();
  world.options.removal_delay = std::chrono::seconds{0};
  CHECK(world.run().removed() == 0);
  CHECK(world.files_left() == 4);

  world.database.run(
      "UPDATE ci_deleted_objects "
      "SET pick_up_at = pick_up_at - interval '7200 s'");
  CHECK(world.run().pass(Pass::objects).removed == 3);
  CHECK(world.files_left() == 1);
  CHECK(world.entries_left() == 0);
}

TEST_CASE("a delay shorter than a lease is one all the same", "[postgres]") {
  DelayWorld world;
  world.options.removal_delay = std::chrono::seconds{1};
  CHECK(world.run().pass(Pass::unlocked).removed == 0);
  CHECK(world.database.number("SELECT count(*) FROM ci_deleted_objects "
                              "WHERE pick_up_at < now() + interval '2 s'") ==
        3);
}

TEST_CASE("a plan of a delayed removal removes nothing either", "[postgres]") {
  DelayWorld world;
  const telemetry::Report& plan = world.plan();
  CHECK(plan.destroyed() == 3);
  CHECK(plan.pass(Pass::unlocked).removed == 0);
  CHECK(plan.pass(Pass::legacy).removed == 0);
  CHECK(plan.pass(Pass::objects).removed == 1);
}

TEST_CASE("a delay is a number of seconds", "[unit]") {
  CHECK(tests::parse({"plan", "--removal-delay", "7200"}).removal_delay ==
        std::chrono::hours{2});
  for (const char* const value : {"-1", "soon", "1.5", "", "1h"})
    CHECK(tests::refusal({"run", "--removal-delay", value})
              .starts_with("--removal-delay is"));
  CHECK_FALSE(tests::refusal({"explain", "--removal-delay", "1"}).empty());
}
