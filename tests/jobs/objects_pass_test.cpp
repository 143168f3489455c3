#include "tests/support/fault_point.hpp"
#include "tests/support/world.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>

namespace fs = std::filesystem;

using telemetry::Outcome;
using telemetry::Pass;
using tests::TestSession;
using tests::World;

namespace {

const std::string hash =
    "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b";
const std::string hashed_job = "6b/86/" + hash + "/2024_01_31/17/23";

std::string first_field(const std::string& sql) {
  return TestSession().run(sql).at(0).at(0).value_or("NULL");
}

}  // namespace

TEST_CASE("entries of every shape that GitLab writes are removed",
          "[postgres][schemas]") {
  World world;
  world.add_entry(hashed_job, "artifacts.zip");
  world.add_entry(hashed_job, "metadata.gz");
  world.add_entry("6b/86/" + hash + "/pipelines/5/artifacts/9",
                  "code_coverage.json");
  world.add_entry("6b/86/" + hash + "/@final/ab/cd", std::string(64, 'e'));
  world.add_entry("@final/ab", "object");
  world.add_entry("2018_03/12/345", "artifacts.zip");
  world.add_entry("old", "with space and \xc3\xa4.zip");
  world.add_entry("a..b/.c", "...");
  const auto entries = world.entries_left();

  const telemetry::Report& report = world.run();

  CHECK(report.pass(Pass::objects).removed == entries);
  CHECK(report.pass(Pass::objects).absent == 0);
  CHECK(report.outcome() == Outcome::drained);
  CHECK(report.backlog.objects == 0);
  CHECK(world.entries_left() == 0);
  CHECK(world.files_left() == 0);
}

TEST_CASE("absent objects, and the same one twice, are forgotten",
          "[postgres][schemas]") {
  World world;
  world.add_entry("never/was", "here", false);
  world.add_entry(hashed_job, "artifacts.zip");
  world.add_entry(hashed_job, "artifacts.zip", false);
  // A directory of the path is a file.
  world.store.write("file");
  world.add_entry("file/below", "object", false);

  const telemetry::Report& report = world.run();

  CHECK(report.pass(Pass::objects).removed == 1);
  CHECK(report.pass(Pass::objects).absent == 3);
  CHECK(report.outcome() == Outcome::drained);
  CHECK(world.entries_left() == 0);
}

TEST_CASE("entries that are not due are left as they are",
          "[postgres][schemas]") {
  World world;
  world.add_entry(hashed_job, "later.zip", true,
                  "now() + interval '10 minutes'");
  const std::string before = world.database.dump();

  const telemetry::Report& report = world.run();

  CHECK(report.pass(Pass::objects).removed == 0);
  CHECK(report.backlog.objects == 0);
  CHECK(world.database.dump() == before);
  CHECK(world.files_left() == 1);
}

TEST_CASE("entries of a store that is not configured are not leased",
          "[postgres][schemas]") {
  World world;
  world.add_entry("remote", "object", true, "now() - interval '1 day'", 2);
  const std::string before = world.database.dump();

  SECTION("beside those of one that is") {
    world.options.only_store = 1;
    CHECK(world.run().outcome() == Outcome::drained);
  }
  SECTION("left out by --only-store") {
    world.options.only_store = 2;
    world.add_entry("local", "object");
    const std::string both = world.database.dump();
    CHECK(world.run().pass(Pass::objects).removed == 0);
    CHECK(world.database.dump() == both);
    return;
  }
  SECTION("where none is") {
    world.options.local_store.reset();
    CHECK(world.run().outcome() == Outcome::drained);
  }
  CHECK(world.database.dump() == before);
}

TEST_CASE("an entry whose object can't be removed stays and stops nobody",
          "[postgres][schemas]") {
  World world;
  world.options.batch_size = GENERATE(1, 2, 1000);
  const auto stuck = world.add_entry("stuck", "object", false);
  fs::create_directories(world.store.path() / "stuck/object");
  const auto poison = world.add_entry("up/..", "object", false);
  for (int i = 0; i < 5; ++i)
    world.add_entry("fine", std::to_string(i));
  const std::vector<std::int64_t> expected{stuck, poison};

  for (const int removed : {5, 0}) {
    const telemetry::Report& report = world.run();

    CHECK(report.pass(Pass::objects).removed == removed);
    CHECK(report.outcome() == Outcome::partial);
    CHECK(report.pass(Pass::objects).failed == 2);
    CHECK(report.backlog.objects == 0);
    std::vector<std::int64_t> named;
    for (const telemetry::Problem& problem : report.problems()) {
      CHECK(problem.table == "ci_deleted_objects");
      named.push_back(problem.id);
    }
    std::ranges::sort(named);
    CHECK(named == expected);
    CHECK(world.entries_left() == 2);
    // Due at once, for the next run.
    CHECK(world.database.number("SELECT count(*) FROM ci_deleted_objects "
                                "WHERE pick_up_at <= now()") == 2);
  }
  CHECK(fs::is_directory(world.store.path() / "stuck/object"));
}

TEST_CASE("an entry is leased for ten minutes while its object is removed",
          "[postgres][schemas]") {
  World world;
  world.add_entry(hashed_job, "artifacts.zip");
  std::string during;
  const tests::FaultHook hook("objects.before_remove", [&] {
    during = first_field(
        "SELECT pick_up_at BETWEEN now() + interval '9 minutes' "
        "AND now() + interval '10 minutes' FROM ci_deleted_objects");
  });

  world.run();

  CHECK(during == "t");
}

TEST_CASE("H.3.6 no transaction is open while objects are removed",
          "[postgres][schemas]") {
  World world;
  world.add_entry(hashed_job, "artifacts.zip");
  world.add();
  std::vector<std::string> open;
  const tests::FaultHook hook("objects.before_remove", [&] {
    open.push_back(
        first_field("SELECT count(*) FROM pg_stat_activity WHERE datname = "
                    "current_database() AND xact_start IS NOT NULL "
                    "AND backend_type = 'client backend' "
                    "AND pid <> pg_backend_pid()"));
  });
  world.options.concurrency = 1;

  world.run();

  CHECK(open == std::vector<std::string>{"0", "0"});
}

TEST_CASE("the oldest entries come first", "[postgres][schemas]") {
  World world;
  world.options.batch_size = 2;
  world.options.concurrency = 1;
  for (const int age : {3, 9, 5, 1, 7})
    world.add_entry("age", std::to_string(age), true,
                    fmt::format("now() - interval '{} hours'", age));
  std::vector<std::string> left;
  const tests::FaultHook hook("objects.forgotten", [&] {
    left.push_back(
        first_field("SELECT string_agg(file, ' ' ORDER BY file) "
                    "FROM ci_deleted_objects"));
  });

  world.run();

  CHECK(left == std::vector<std::string>{"1 3 5", "1", "NULL"});
}

TEST_CASE("many entries with one pick_up_at, and more than a batch",
          "[postgres]") {
  World world;
  world.options.batch_size = 10;
  world.options.concurrency = GENERATE(1U, 3U);
  const int entries = GENERATE(10, 11, 35);
  for (int i = 0; i < entries; ++i)
    world.add_entry("many", std::to_string(i), true, "'2024-01-01'");
  world.add_entry("many", "oldest of all", true, "'-infinity'");
  world.add_entry("many", "never", true, "'infinity'");

  CHECK(world.plan().pass(Pass::objects).removed == entries + 1);
  const telemetry::Report& report = world.run();

  CHECK(report.pass(Pass::objects).removed == entries + 1);
  CHECK(report.outcome() == Outcome::drained);
  CHECK(world.entries_left() == 1);
  CHECK(world.files_left() == 1);
}

TEST_CASE("an entry that somebody else is removing is left to him",
          "[postgres][schemas]") {
  World world;
  world.options.batch_size = 1;
  const auto held = world.add_entry("held", "object");
  world.add_entry("free", "object");
  TestSession other;
  other.begin();
  other.run(fmt::format(
      "SELECT FROM ci_deleted_objects WHERE id = {} FOR UPDATE", held));

  const telemetry::Report& report = world.run();

  CHECK(report.pass(Pass::objects).removed == 1);
  other.rollback();
  CHECK(world.entries_left() == 1);
  CHECK(fs::exists(world.store.path() / "held/object"));
}

TEST_CASE("entries queued after the run began are left to the next",
          "[postgres][schemas]") {
  World world;
  world.options.batch_size = 1;
  world.options.concurrency = 1;
  world.add_entry("first", "object");
  const tests::FaultHook hook("objects.leased", [] {
    TestSession().run(
        "INSERT INTO ci_deleted_objects (store_dir, file, pick_up_at) "
        "VALUES ('endless', 'object', clock_timestamp())");
  });

  CHECK(world.run().pass(Pass::objects).absent == 0);

  CHECK(world.entries_left() == 1);
}

TEST_CASE("each pass counts the objects that it removed itself",
          "[postgres][schemas][locks]") {
  World world;
  const auto artifact = world.add();
  world.add_entry(hashed_job, "artifacts.zip");

  const telemetry::Report& report = world.run();

  CHECK(report.removed() == 2);
  CHECK(report.pass(Pass::unlocked).removed == 1);
  CHECK(report.pass(Pass::objects).removed == 1);
  CHECK_FALSE(world.file_exists(artifact));
  CHECK(world.violations().empty());
}
