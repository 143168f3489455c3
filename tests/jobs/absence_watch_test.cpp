#include "jobs/absence_watch.hpp"

#include "jobs/check.hpp"

#include "tests/support/from_one_to.hpp"
#include "tests/support/world.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>

using jobs::AbsenceWatch;
using telemetry::Outcome;
using telemetry::Pass;
using tests::from_one_to;
using tests::World;

namespace {

using Ids = std::vector<std::int64_t>;

/// 100 live artifacts, of which so many are in the store.
void add_sample(World& world, int found) {
  world.add_many(found, {.expire_at = "now() + interval '1 day'"});
  world.add_many(100 - found,
                 {.expire_at = "now() + interval '1 day'", .with_file = false});
}

}  // namespace

TEST_CASE("entries of absent objects are held until a window is judged",
          "[unit]") {
  AbsenceWatch watch(true);
  CHECK(watch.judge(498, from_one_to(1)).empty());
  CHECK(watch.judge(500, {}).empty());
  CHECK_FALSE(watch.tripped());
  CHECK(watch.judge(1, {}) == from_one_to(1));
  CHECK(watch.judge(999, {}).empty());
  CHECK(watch.let_go().empty());
}

TEST_CASE("the watch trips where more than half of a window is absent",
          "[unit]") {
  AbsenceWatch half(true);
  CHECK(half.judge(500, from_one_to(500)) == from_one_to(500));
  CHECK_FALSE(half.tripped());

  AbsenceWatch most(true);
  CHECK(most.judge(499, from_one_to(501)).empty());
  CHECK(most.tripped());
  CHECK(most.reason().find("501 of 1000") != std::string::npos);
  // And stays so, whatever comes still.
  CHECK(most.judge(5000, {502}).empty());
  CHECK(most.tripped());
  CHECK(most.let_go().empty());
  CHECK(most.kept() == from_one_to(502));
  CHECK(most.kept().empty());
}

TEST_CASE("fewer than a window are no evidence", "[unit]") {
  AbsenceWatch watch(true);
  CHECK(watch.judge(0, from_one_to(999)).empty());
  CHECK_FALSE(watch.tripped());
  CHECK(watch.kept().empty());
  CHECK(watch.let_go() == from_one_to(999));
}

TEST_CASE("who accepts missing objects has nothing held", "[unit]") {
  AbsenceWatch watch(false);
  CHECK(watch.judge(0, from_one_to(2000)) == from_one_to(2000));
  CHECK_FALSE(watch.tripped());
}

TEST_CASE("a run stops where most of a thousand objects are absent",
          "[postgres]") {
  World world;
  world.options.concurrency = 2;
  world.options.batch_size = 250;
  world.add_rows(3000);
  const auto behind = world.add({.expire_at = "now() - interval '1 minute'"});

  const telemetry::Report& report = world.run();

  const telemetry::PassReport& pass = report.pass(Pass::unlocked);
  CHECK(pass.outcome == Outcome::partial);
  CHECK(pass.reason.find("not in their store") != std::string::npos);
  CHECK(report.outcome() == Outcome::partial);
  CHECK(report.problems_total() == 1);
  // A thousand, and what was in hand beside the batch that told.
  CHECK(pass.destroyed >= 1000);
  CHECK(pass.destroyed <= 1500);
  CHECK(pass.absent == pass.destroyed);
  CHECK(world.row_exists(behind));
  // The entries stay, due at once, for whoever mounts the right store.
  CHECK(world.database.number("SELECT count(*) FROM ci_deleted_objects "
                              "WHERE pick_up_at <= now()") == pass.destroyed);
  CHECK(world.violations().empty());

  SECTION("the queue is not drained into the void either") {
    CHECK(report.pass(Pass::objects).absent == 0);
    CHECK(report.pass(Pass::legacy).destroyed == 0);
  }
  SECTION("and goes on if told to") {
    world.options.accept_missing = true;
    CHECK(world.run().outcome() == Outcome::drained);
    CHECK(world.rows_left() == 0);
    CHECK(world.entries_left() == 0);
  }
}

TEST_CASE("tolerated problems don't cover a store that is not the right one",
          "[postgres]") {
  World world;
  world.add_rows(1000);
  world.options.tolerate_problems = 1'000'000;
  CHECK(world.run().outcome() == Outcome::partial);
  CHECK(world.entries_left() == 1000);
}

TEST_CASE("a few absent objects are as good as removed", "[postgres]") {
  World world;
  world.add_many(5, {.with_file = false});
  world.add();

  const telemetry::Report& report = world.run();

  CHECK(report.outcome() == Outcome::drained);
  CHECK(report.destroyed() == 6);
  CHECK(report.absent() == 5);
  CHECK(report.removed() == 1);
  CHECK(world.entries_left() == 0);
}

TEST_CASE("entries that an earlier run left are no evidence", "[postgres]") {
  World world;
  world.database.run(
      "INSERT INTO ci_deleted_objects (store_dir, file, pick_up_at) "
      "SELECT 'gone', n, now() - interval '1 hour' "
      "FROM generate_series(1, 2500) AS n");

  const telemetry::Report& report = world.run();

  CHECK(report.outcome() == Outcome::drained);
  CHECK(report.pass(Pass::objects).absent == 2500);
  CHECK(world.entries_left() == 0);
}

TEST_CASE("an empty mount is found out before anything is destroyed",
          "[postgres]") {
  World world;
  world.add({.with_file = false});
  world.add({.expire_at = "NULL", .with_file = false});
  world.add_entry("due", "object", false);
  const std::string before = world.database.dump();

  SECTION("by a run") {
    CHECK_THROWS_AS(world.run(), jobs::Unfit);
  }
  SECTION("by a plan") {
    CHECK_THROWS_AS(world.plan(), jobs::Unfit);
  }

  CHECK(world.database.dump() == before);
}

TEST_CASE("of a hundred live objects ninety-five must be there", "[postgres]") {
  World world;
  const auto expired = world.add();

  SECTION("95 are enough") {
    add_sample(world, 95);
    CHECK(world.run().destroyed() == 1);
  }
  SECTION("94 are not") {
    add_sample(world, 94);
    const std::string before = world.database.dump();
    CHECK_THROWS_AS(world.run(), jobs::Unfit);
    CHECK(world.database.dump() == before);
    CHECK(world.file_exists(expired));
    world.options.accept_missing = true;
    CHECK(world.run().destroyed() == 1);
  }
}

TEST_CASE("live rows of a store that is not configured are refused",
          "[postgres]") {
  World world;
  const auto expired = world.add();
  world.add({.expire_at = "NULL", .file_store = "2", .with_file = false});

  SECTION("unless they are left out") {
    world.options.only_store = 1;
    CHECK(world.run().destroyed() == 1);
  }
  SECTION("missing objects accepted or not") {
    world.options.accept_missing = GENERATE(false, true);
    CHECK_THROWS_AS(world.run(), jobs::Unfit);
    CHECK(world.row_exists(expired));
  }
}

TEST_CASE("a store that is not there is refused", "[postgres]") {
  World world;
  const auto expired = world.add();
  const std::string before = world.database.dump();
  SECTION("none given") {
    world.options.local_store.reset();
  }
  SECTION("not there") {
    world.options.local_store = world.store.path().string() + "/missing";
  }
  CHECK_THROWS_AS(world.run(), jobs::Unfit);
  CHECK(world.database.dump() == before);
  CHECK(world.file_exists(expired));
}
