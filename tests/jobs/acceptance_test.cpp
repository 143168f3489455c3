// What GitLab's own specifications ask of these jobs, each by its name there:
// the service that destroys expired pipeline artifacts, the model's statistics,
// and the service that drains ci_deleted_objects.

#include "tests/support/fault_point.hpp"
#include "tests/support/world.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <regex>
#include <thread>

using telemetry::Outcome;
using telemetry::Pass;
using tests::World;

TEST_CASE("H.1.1 the run stops when its time is up, however much is left",
          "[postgres]") {
  World world;
  world.options.batch_size = 1;
  world.options.concurrency = 1;
  world.options.time_limit = std::chrono::seconds{2};
  world.add_many(5);
  const tests::FaultHook hook("batch.destroyed", [] {
    std::this_thread::sleep_for(std::chrono::milliseconds{2100});
  });

  const telemetry::Report& report = world.run();

  // The batch in hand is finished, its object removed.
  CHECK(report.destroyed() == 1);
  CHECK(report.removed() == 1);
  CHECK(report.outcome() == Outcome::budget_exhausted);
  CHECK(report.backlog.unlocked == 4);
  CHECK(world.entries_left() == 0);
  CHECK(world.violations().empty());
}

TEST_CASE("H.1.2 without artifacts there is no error", "[postgres][schemas]") {
  World world;
  const telemetry::Report& report = world.run();
  CHECK(report.destroyed() == 0);
  CHECK(report.outcome() == Outcome::drained);
}

TEST_CASE("H.1.3 up to the limit exactly one of two is destroyed",
          "[postgres][schemas]") {
  World world;
  world.options.batch_size = 1;
  world.options.max_destroy = 1;
  world.add_many(2, {.locked = GENERATE("0", "2")});
  CHECK(world.run().destroyed() == 1);
  CHECK(world.rows_left() == 1);
  CHECK(world.violations().empty());
}

TEST_CASE("H.1.4 batch by batch both are destroyed", "[postgres][schemas]") {
  World world;
  world.options.batch_size = 1;
  world.add_many(2, {.locked = GENERATE("0", "2")});
  CHECK(world.run().destroyed() == 2);
  CHECK(world.rows_left() == 0);
}

TEST_CASE("H.1.5 what expires in two days is kept", "[postgres][schemas]") {
  World world;
  world.add(
      {.expire_at = "now() + interval '2 days'", .locked = GENERATE("0", "2")});
  CHECK(world.run().destroyed() == 0);
  CHECK(world.rows_left() == 1);
}

TEST_CASE("H.1.6 what is expired and locked is kept", "[postgres][schemas]") {
  World world;
  world.add({.locked = GENERATE("1", "2", "NULL"), .pipeline_locked = 1});
  CHECK(world.run().destroyed() == 0);
  CHECK(world.rows_left() == 1);
}

TEST_CASE("H.1.7 the fast path alone destroys what says it is unlocked",
          "[postgres][schemas][locks]") {
  World world;
  world.options.passes = {Pass::unlocked};
  world.options.batch_size = 1;
  world.add_many(2, {.pipeline_locked = 1});
  world.add({.expire_at = "now() + interval '1 day'"});
  SECTION("all of it, and no live sibling") {
    CHECK(world.run().destroyed() == 2);
    CHECK(world.rows_left() == 1);
  }
  SECTION("up to the limit") {
    world.options.max_destroy = 1;
    CHECK(world.run().destroyed() == 1);
    CHECK(world.rows_left() == 2);
  }
}

TEST_CASE("H.1.8 the legacy path destroys without the fast one",
          "[postgres][schemas]") {
  World world;
  world.options.passes = {Pass::legacy};
  world.add_many(2, {.locked = "2"});
  CHECK(world.run().destroyed() == 2);
  CHECK(world.rows_left() == 0);
}

TEST_CASE("H.1.9 a page without artifacts ends the pass",
          "[postgres][schemas][locks]") {
  World world;
  int pages = 0;
  const tests::FaultHook hook("page.read", [&] { ++pages; });
  world.options.passes = {Pass::unlocked};
  world.run();
  CHECK(pages == 1);
}

TEST_CASE("H.1 run twice it destroys one, then none", "[postgres][schemas]") {
  World world;
  const auto artifact = world.add();
  CHECK(world.run().destroyed() == 1);
  CHECK(world.run().destroyed() == 0);
  CHECK_FALSE(world.row_exists(artifact));
}

TEST_CASE("H.2.3 only artifacts of unlocked pipelines are taken by the join",
          "[postgres][schemas]") {
  World world;
  world.options.passes = {Pass::legacy};
  const auto unlocked = world.add({.locked = "2", .pipeline_locked = 0});
  const auto locked = world.add({.locked = "2", .pipeline_locked = 1});
  CHECK(world.run().destroyed() == 1);
  CHECK_FALSE(world.row_exists(unlocked));
  CHECK(world.row_exists(locked));
}

TEST_CASE("H.2.6 the path queued is the path that the uploader stores under",
          "[postgres][schemas]") {
  World world;
  const auto made = world.add({.project_id = 4711, .file = "original name.gz"});
  std::string queued;
  const tests::FaultHook hook("batch.destroyed", [&] {
    queued = *tests::TestSession()
                  .run(
                      "SELECT store_dir || '/' || file "
                      "FROM ci_deleted_objects")
                  .at(0)
                  .at(0);
  });

  world.run();

  // sha256 of "4711".
  const std::string hash =
      world.database.value("SELECT encode(sha256('4711'), 'hex')");
  CHECK(queued == fmt::format("{}/{}/{}/pipelines/{}/artifacts/{}/{}",
                              hash.substr(0, 2), hash.substr(2, 2), hash,
                              made.pipeline_id, made.id, "original name.gz"));
  CHECK(std::regex_match(queued,
                         std::regex("[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{64}"
                                    "/pipelines/\\d+/artifacts/\\d+/.*gz")));
}

TEST_CASE("H.2.7 destroying changes the statistic by the exact size",
          "[postgres][schemas]") {
  World world;
  world.add({.size = 123});
  world.add({.expire_at = "NULL", .size = 1});
  REQUIRE(world.statistic() == 124);
  world.run();
  CHECK(world.statistic() == 1);
}

TEST_CASE("H.2.7 with its project being deleted it changes nothing",
          "[postgres][schemas]") {
  World world;
  world.add({.size = 123});
  world.database.run("UPDATE projects SET pending_delete = true");
  CHECK(world.run().destroyed() == 1);
  CHECK(world.statistic() == 123);
}

TEST_CASE("H.2.8 unknown rows take the pipeline's state, others keep theirs",
          "[postgres][schemas][locks]") {
  World world;
  const auto unknown = world.add({.locked = "2", .pipeline_locked = 1});
  const auto locked = world.add({.locked = "1", .pipeline_locked = 1});
  const auto live =
      world.add({.expire_at = "NULL", .locked = "0", .pipeline_locked = 1});
  CHECK(world.run().pass(Pass::legacy).resolved == 1);
  for (const auto& [artifact, state] :
       {std::pair(unknown, 1), std::pair(locked, 1), std::pair(live, 0)})
    CHECK(world.database.number(fmt::format(
              "SELECT locked FROM ci_pipeline_artifacts WHERE id = {}",
              artifact.id)) == state);
}

TEST_CASE("H.3.1 one entry for each artifact, of its own store",
          "[postgres][schemas]") {
  World world;
  world.options.concurrency = 1;
  world.add_many(3);
  std::string entries;
  const tests::FaultHook hook("batch.destroyed", [&] {
    entries = *tests::TestSession()
                   .run(
                       "SELECT count(*) || ' of store ' || max(file_store) "
                       "FROM ci_deleted_objects")
                   .at(0)
                   .at(0);
  });
  world.run();
  CHECK(entries == "3 of store 1");
}

TEST_CASE("H.3.2 pick_up_at is at most an hour ahead", "[postgres][schemas]") {
  World world;
  world.options.concurrency = 1;
  world.add({.expire_at = "'2001-01-01'"});
  std::string clamped;
  const tests::FaultHook hook("batch.destroyed", [&] {
    clamped = *tests::TestSession()
                   .run(
                       "SELECT pick_up_at BETWEEN now() - interval '1 day' "
                       "AND now() + interval '1 hour' "
                       "FROM ci_deleted_objects")
                   .at(0)
                   .at(0);
  });
  world.run();
  CHECK(clamped == "t");
}

TEST_CASE("H.3.4 entry and file are deleted", "[postgres][schemas]") {
  World world;
  world.add_entry("some/where", "file.zip");
  CHECK(world.run().removed() == 1);
  CHECK(world.entries_left() == 0);
  CHECK(world.files_left() == 0);
}

TEST_CASE("H.3.4 without entries nothing changes", "[postgres][schemas]") {
  World world;
  world.store.write("some/where/file.zip");
  const std::string before = world.database.dump();
  CHECK(world.run().removed() == 0);
  CHECK(world.database.dump() == before);
  CHECK(world.files_left() == 1);
}

TEST_CASE("H.3.4 the same file twice is a success", "[postgres][schemas]") {
  World world;
  world.add_entry("some/where", "file.zip");
  world.add_entry("some/where", "file.zip");
  CHECK(world.run().outcome() == Outcome::drained);
  CHECK(world.entries_left() == 0);
}

TEST_CASE("H.3.5 entries of the future are skipped", "[postgres][schemas]") {
  World world;
  world.add_entry("some/where", "file.zip", true,
                  "now() + interval '1 minute'");
  CHECK(world.run().removed() == 0);
  CHECK(world.entries_left() == 1);
}

TEST_CASE("H.3.5 a file that can't be deleted keeps its entry, and no error",
          "[postgres][schemas]") {
  World world;
  world.add_entry("some/where", "file.zip");
  // Where the file should be, for another entry, there is a directory.
  world.add_entry("other", "where", false);
  world.store.write("other/where/in it");
  const telemetry::Report& report = world.run();
  CHECK(report.removed() == 1);
  CHECK(report.outcome() == Outcome::partial);
  CHECK(world.database.column("SELECT file FROM ci_deleted_objects") ==
        std::vector<std::string>{"where"});
}
