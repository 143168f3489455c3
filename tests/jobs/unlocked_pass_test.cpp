#include "tests/support/fault_point.hpp"
#include "tests/support/schema_era.hpp"
#include "tests/support/world.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>

using telemetry::Outcome;
using telemetry::Pass;
using tests::MadeArtifact;
using tests::World;

namespace {

const std::string fixed_horizon = "2024-03-01T12:00:00Z";

telemetry::Timestamp moment(const std::string& text) {
  const auto parsed = telemetry::parse_timestamp(text);
  REQUIRE(parsed);
  return *parsed;
}

}  // namespace

TEST_CASE("an expired, unlocked artifact is destroyed with its file",
          "[postgres][schemas][locks]") {
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

TEST_CASE("what expires at the horizon itself stays", "[postgres][schemas]") {
  World world;
  world.options.horizon = moment(fixed_horizon);
  const auto before =
      world.add({.expire_at = "'2024-03-01 11:59:59.999999+00'"});
  const auto at = world.add({.expire_at = "'2024-03-01 12:00:00+00'"});
  const auto after =
      world.add({.expire_at = "'2024-03-01 12:00:00.000001+00'"});

  const auto legacy = GENERATE(false, true);
  if (legacy && tests::schema_era().has_lock_column())
    world.database.run("UPDATE ci_pipeline_artifacts SET locked = 2");
  const telemetry::Report& report = world.run();

  CHECK(report.destroyed() == 1);
  CHECK_FALSE(world.row_exists(before));
  CHECK(world.row_exists(at));
  CHECK(world.row_exists(after));
  CHECK(world.violations().empty());
}

TEST_CASE("the two ends of time expire as they should", "[postgres][schemas]") {
  World world;
  const auto locked = GENERATE("0", "2");
  CAPTURE(locked);
  const auto always = world.add({.expire_at = "'-infinity'", .locked = locked});
  const auto ancient =
      world.add({.expire_at = "'4713-01-01 00:00:00+00 BC'", .locked = locked});
  const auto no_time = world.add({.expire_at = "NULL", .locked = locked});
  const auto never = world.add({.expire_at = "'infinity'", .locked = locked});
  const auto far =
      world.add({.expire_at = "'294276-12-31 23:59:59+00'", .locked = locked});

  const telemetry::Report& report = world.run();

  CHECK(report.outcome() == Outcome::drained);
  CHECK(report.destroyed() == 2);
  CHECK_FALSE(world.row_exists(always));
  CHECK_FALSE(world.row_exists(ancient));
  CHECK(world.row_exists(no_time));
  CHECK(world.row_exists(never));
  CHECK(world.row_exists(far));
  CHECK(world.violations().empty());
}

TEST_CASE("grace moves the horizon back", "[postgres][schemas]") {
  World world;
  world.options.horizon = moment(fixed_horizon);
  world.options.grace = std::chrono::seconds{3600};
  const auto before =
      world.add({.expire_at = "'2024-03-01 10:59:59.999999+00'"});
  const auto at = world.add({.expire_at = "'2024-03-01 11:00:00+00'"});

  CHECK(world.run().destroyed() == 1);

  CHECK_FALSE(world.row_exists(before));
  CHECK(world.row_exists(at));
}

TEST_CASE("a horizon later than the database's clock is refused",
          "[postgres][schemas]") {
  World world;
  world.add();
  const std::string before = world.database.dump();
  world.options.horizon = moment("2999-01-01T00:00:00Z");

  CHECK_THROWS_AS(world.run(), jobs::UsageError);

  CHECK(world.database.dump() == before);
}

TEST_CASE("one batch, and one more than a batch",
          "[postgres][schemas][locks]") {
  World world;
  world.options.batch_size = 10;
  world.options.passes = {Pass::unlocked};
  const int rows = GENERATE(9, 10, 11, 20, 21);
  world.add_many(rows);

  const telemetry::Report& report = world.run();

  CHECK(report.pass(Pass::unlocked).destroyed == rows);
  CHECK(report.pass(Pass::unlocked).batches == (rows + 9) / 10);
  CHECK(report.outcome() == Outcome::drained);
  CHECK(world.rows_left() == 0);
  CHECK(world.files_left() == 0);
  CHECK(world.entries_left() == 0);
  CHECK(world.violations().empty());
}

TEST_CASE("nothing expired is nothing to do", "[postgres][schemas]") {
  World world;
  world.add_live();
  const std::string before = world.database.dump();

  const telemetry::Report& report = world.run();

  CHECK(report.outcome() == Outcome::drained);
  CHECK(report.destroyed() == 0);
  CHECK(report.pass(Pass::unlocked).batches == 0);
  CHECK(world.database.dump() == before);
}

TEST_CASE("only the projects asked for, and never those excepted",
          "[postgres][schemas]") {
  World world;
  const auto locked = GENERATE("0", "2");
  std::vector<MadeArtifact> made;
  for (const int project : {1, 2, 3})
    made.push_back(world.add({.locked = locked, .project_id = project}));

  SECTION("only one") {
    world.options.projects = {2};
    CHECK(world.run().destroyed() == 1);
    CHECK_FALSE(world.row_exists(made[1]));
  }
  SECTION("never one") {
    world.options.except_projects = {2};
    CHECK(world.run().destroyed() == 2);
    CHECK(world.row_exists(made[1]));
  }
  SECTION("legal hold wins") {
    world.options.projects = {1, 2};
    world.options.except_projects = {2};
    const telemetry::Report& report = world.run();
    CHECK(report.destroyed() == 1);
    CHECK_FALSE(world.row_exists(made[0]));
    // What the user left out is no backlog.
    CHECK(report.backlog.total() == 0);
  }
  CHECK(world.violations().empty());
}

TEST_CASE("a row whose file_store is null lies in the local store",
          "[postgres][schemas]") {
  World world;
  world.database.run(
      "ALTER TABLE public.ci_pipeline_artifacts "
      "ALTER file_store DROP NOT NULL");
  const auto expired = world.add({.file_store = "NULL"});
  if (GENERATE(false, true))
    world.options.only_store = 1;

  CHECK(world.run().destroyed() == 1);

  CHECK_FALSE(world.row_exists(expired));
  CHECK_FALSE(world.file_exists(expired));
  CHECK(world.violations().empty());
}

TEST_CASE("an expired row of a store that is not configured is named and stays",
          "[postgres][schemas]") {
  World world;
  const auto remote = world.add({.file_store = "2", .with_file = false});
  const auto local = world.add();

  SECTION("without --only-store") {
    const telemetry::Report& report = world.run();
    CHECK(report.outcome() == Outcome::partial);
    REQUIRE(report.problems_total() == 1);
    CHECK(report.problems().front().id == remote.id);
    CHECK(report.problems().front().reason ==
          "its store (file_store 2) is not configured");
    CHECK(report.backlog.total() == 0);
  }
  SECTION("with --only-store 1 it is left out") {
    world.options.only_store = 1;
    const telemetry::Report& report = world.run();
    CHECK(report.outcome() == Outcome::drained);
    CHECK(report.problems_total() == 0);
    CHECK(report.backlog.total() == 0);
  }
  CHECK(world.row_exists(remote));
  CHECK_FALSE(world.row_exists(local));
}

TEST_CASE("file names that PostgreSQL quotes are destroyed like others",
          "[postgres][schemas]") {
  World world;
  for (const char* name :
       {"NULL", "a\"b", "a\\b", "{x,y}", "a,b", " a ", "it's", "\xc3\xa4.json",
        "line\nbreak", "*", "%s", "..."})
    world.add({.file = name});

  const telemetry::Report& report = world.run();

  CHECK(report.destroyed() == 12);
  CHECK(report.removed() == 12);
  CHECK(report.problems_total() == 0);
  CHECK(world.files_left() == 0);
  CHECK(world.violations().empty());
}

TEST_CASE("the path in the queue is the path that GitLab writes",
          "[postgres][schemas]") {
  World world;
  // Held back, so that the entries can be read.
  std::vector<std::string> queued;
  const tests::FaultHook hook("batch.destroyed", [&] {
    for (const auto& row : tests::TestSession().run(
             "SELECT file_store || ' ' || store_dir || '/' || file "
             "FROM ci_deleted_objects ORDER BY 1"))
      queued.push_back(*row.at(0));
  });
  world.options.concurrency = 1;
  std::vector<std::string> expected;
  for (const int project : {1, 7, 278964, 2147483647}) {
    const auto made = world.add({.project_id = project});
    expected.push_back("1 " + made.key.path());
  }
  std::ranges::sort(expected);

  world.run();

  CHECK(queued == expected);
}

TEST_CASE("an artifact that is locked again before its DELETE stays",
          "[postgres][schemas][locks]") {
  World world;
  const auto expired = world.add();
  const auto change =
      GENERATE("locked = 1", "locked = 2", "locked = NULL", "expire_at = NULL",
               "expire_at = now() + interval '1 day'");
  CAPTURE(change);
  const tests::FaultHook hook("batch.before_destroy", [&] {
    tests::TestSession().run(
        fmt::format("UPDATE ci_pipeline_artifacts SET {}", change));
  });
  world.options.passes = {Pass::unlocked};

  const telemetry::Report& report = world.run();

  CHECK(report.destroyed() == 0);
  CHECK(report.outcome() == Outcome::drained);
  CHECK(report.pass(Pass::unlocked).skipped == 0);
  CHECK(world.row_exists(expired));
  CHECK(world.file_exists(expired));
  CHECK(world.violations().empty());
}
