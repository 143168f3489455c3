#include "tests/support/schema_era.hpp"
#include "tests/support/world.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>

using telemetry::Outcome;
using telemetry::Pass;
using tests::World;

namespace {

std::vector<std::string> sizes(World& world, int project) {
  return world.database
      .rows(fmt::format("SELECT pipeline_artifacts_size, storage_size, "
                        "repository_size FROM project_statistics "
                        "WHERE project_id = {}",
                        project))
      .at(0);
}

void add_repository(World& world, int project, int bytes) {
  world.database.run(
      fmt::format("UPDATE project_statistics SET repository_size = {0}, "
                  "storage_size = storage_size + {0} WHERE project_id = {1}",
                  bytes, project));
}

using Sizes = std::vector<std::string>;

/// What sizes() are for a project with these bytes.
Sizes sizes_of(int artifacts, int repository) {
  const bool counts = tests::schema_era().storage_counts_artifacts();
  return {std::to_string(artifacts),
          std::to_string(repository + (counts ? artifacts : 0)),
          std::to_string(repository)};
}

std::int64_t bytes(const telemetry::Report& report) {
  return report.pass(Pass::unlocked).bytes + report.pass(Pass::legacy).bytes;
}

}  // namespace

TEST_CASE("a project's statistics fall by exactly the bytes destroyed",
          "[postgres][schemas]") {
  World world;
  const std::string locked = GENERATE("0", "2");
  world.add({.locked = locked, .size = 70});
  world.add({.locked = locked, .size = 5});
  world.add({.locked = locked, .project_id = 2, .size = 1000});
  world.add({.expire_at = "NULL", .locked = locked, .size = 3});
  add_repository(world, 1, 50);

  const telemetry::Report& report = world.run();

  CHECK(bytes(report) == 1075);
  CHECK(sizes(world, 1) == sizes_of(3, 50));
  CHECK(sizes(world, 2) == sizes_of(0, 0));
}

TEST_CASE("artifacts of one project in different batches count once each",
          "[postgres][schemas]") {
  World world;
  world.options.batch_size = 2;
  world.options.concurrency = 3;
  for (int i = 0; i < 7; ++i)
    for (const int project : {1, 2, 3})
      world.add({.project_id = project, .size = 1 << i});
  add_repository(world, 2, 50);

  const telemetry::Report& report = world.run();

  CHECK(bytes(report) == 3 * 127);
  for (const int project : {1, 2, 3})
    CHECK(sizes(world, project) == sizes_of(0, project == 2 ? 50 : 0));
}

TEST_CASE("bytes that two passes destroy are all taken off",
          "[postgres][schemas]") {
  World world;
  world.add({.size = 1});
  world.add({.locked = "2", .size = 10});
  world.add({.locked = "1", .size = 100});
  world.add({.expire_at = "NULL", .size = 1000});

  world.run();
  world.run();

  CHECK(sizes(world, 1) == sizes_of(1000, 0));
}

TEST_CASE("sums beyond 32 bits are exact", "[postgres][schemas]") {
  World world;
  for (int i = 0; i < 3; ++i)
    world.add({.size = 2'000'000'000});

  CHECK(bytes(world.run()) == 6'000'000'000);

  CHECK(world.statistic() == 0);
}

TEST_CASE("a project without statistics is destroyed like others",
          "[postgres][schemas]") {
  World world;
  world.add();
  world.add({.project_id = 2});
  world.database.run("DELETE FROM project_statistics WHERE project_id = 1");

  const telemetry::Report& report = world.run();

  CHECK(report.destroyed() == 2);
  CHECK(report.outcome() == Outcome::drained);
  CHECK(world.statistic(2) == 0);
  CHECK(world.database.number("SELECT count(*) FROM project_statistics") == 1);
}

TEST_CASE("a project that is gone altogether keeps nobody from anything",
          "[postgres][schemas][orphans]") {
  World world;
  world.add();
  world.database.run("DELETE FROM projects");

  CHECK(world.run().destroyed() == 1);
  CHECK(world.files_left() == 0);
}

TEST_CASE("a project that is pending deletion keeps its statistics",
          "[postgres][schemas]") {
  World world;
  world.add({.size = 10});
  world.add({.project_id = 2, .size = 20});
  world.add({.project_id = 3, .size = 30});
  world.database.run(
      "UPDATE projects SET pending_delete = true WHERE id = 1;"
      "UPDATE projects SET pending_delete = NULL WHERE id = 3");

  const telemetry::Report& report = world.run();

  CHECK(report.destroyed() == 3);
  CHECK(bytes(report) == 60);
  CHECK(sizes(world, 1) == sizes_of(10, 0));
  CHECK(sizes(world, 2) == sizes_of(0, 0));
  CHECK(sizes(world, 3) == sizes_of(0, 0));
}

TEST_CASE("storage_size stays where GitLab no longer counts artifacts in it",
          "[postgres]") {
  World world;
  world.database.run(
      "ALTER TABLE ci_pipeline_artifacts ADD partition_id bigint");
  world.database.grant();
  world.add({.size = 10});
  add_repository(world, 1, 50);
  const Sizes before = sizes(world, 1);
  REQUIRE(before == Sizes{"10", "60", "50"});

  CHECK(world.run().destroyed() == 1);

  CHECK(sizes(world, 1) == Sizes{"0", "60", "50"});
}

TEST_CASE("where the queue names projects, so do our entries", "[postgres]") {
  World world;
  world.database.run(
      "ALTER TABLE ci_deleted_objects ADD project_id bigint "
      "CHECK (project_id IS NOT NULL); "
      "CREATE TABLE queued (project_id bigint); "
      "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql SECURITY "
      "DEFINER AS "
      "$$BEGIN INSERT INTO queued VALUES (NEW.project_id); RETURN NEW; END$$; "
      "CREATE TRIGGER note AFTER INSERT ON ci_deleted_objects "
      "FOR EACH ROW EXECUTE FUNCTION note()");
  world.database.grant();
  world.add({.project_id = 7});
  world.add({.locked = "2", .project_id = 9});

  CHECK(world.run().destroyed() == 2);

  CHECK(world.database.column("SELECT project_id FROM queued ORDER BY 1") ==
        std::vector<std::string>{"7", "9"});
}
