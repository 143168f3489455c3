#include "tests/faults/busy_world.hpp"
#include "tests/faults/fault_points.hpp"
#include "tests/support/fault_point.hpp"
#include "tests/support/live_gitlab.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace {

using tests::BusyWorld;
using tests::Ended;

std::int64_t deadlocks(tests::World& world) {
  return world.database.number(
      "SELECT deadlocks FROM pg_stat_database "
      "WHERE datname = current_database()");
}

void check_nothing_broken(BusyWorld& world) {
  CHECK(world.violations() == std::vector<std::string>{});
  CHECK(world.left_over() == std::vector<std::string>{});
  CHECK(deadlocks(world) == 0);
}

}  // namespace

TEST_CASE("two runs at once destroy each row once, and nothing breaks",
          "[postgres][program][schemas]") {
  BusyWorld world;
  for (int project = 1; project <= BusyWorld::projects; ++project) {
    world.add_many(600, {.project_id = project});
    world.add_many(300, {.locked = "1", .project_id = project});
  }
  const std::int64_t doomed = world.eligible();
  tests::Program one(world.command(JANITOR_PROGRAM));
  tests::Program two(world.command(JANITOR_PROGRAM));
  const Ended ends[] = {one.wait(), two.wait()};

  std::int64_t destroyed = 0;
  for (const Ended& ended : ends) {
    INFO(ended.err);
    CHECK(ended.status == 0);
    destroyed += tests::destroyed_in(tests::summary_of(ended));
  }
  // A run leaves what the other held to the end; the next one takes it.
  CHECK(destroyed == doomed - world.eligible());
  CHECK(deadlocks(world) == 0);
  CHECK(world.violations() == std::vector<std::string>{});
  world.run();
  check_nothing_broken(world);
}

TEST_CASE("a whole run between any two steps of another breaks nothing",
          "[postgres][program][schemas][locks]") {
  for (const tests::FaultPoint& point : tests::fault_points) {
    INFO(point.name);
    tests::World world;
    world.add_live();
    world.add_many(5);
    world.add_many(5, {.locked = "2"});
    world.add_many(2, {.locked = "2", .pipeline_locked = 1});
    world.add_entry("queued", "job.log");
    int hits = 0;
    std::int64_t others = 0;
    const tests::FaultHook hook(point.name, [&] {
      if (++hits > 1)
        return;
      const Ended ended =
          tests::run_program({JANITOR_PROGRAM, "run", "--local-store",
                              world.store.path(), "--output", "json"});
      CHECK(ended.status == 0);
      others = tests::destroyed_in(tests::summary_of(ended));
    });

    const telemetry::Report& report = world.run();

    REQUIRE(hits > 0);
    CHECK(report.destroyed() + others == 10);
    CHECK(world.rows_left() == 3);
    CHECK(world.files_left() == 3);
    CHECK(world.entries_left() == 0);
    CHECK(world.violations() == std::vector<std::string>{});
  }
}

TEST_CASE("a run beside a GitLab that destroys the same rows breaks nothing",
          "[postgres][program][schemas][locks]") {
  BusyWorld world;
  world.add_many(1500, {.project_id = 1});
  const std::int64_t doomed = world.eligible();
  tests::LiveGitlab gitlab(world);
  std::vector<tests::MadeArtifact> rows = world.made();
  std::erase_if(rows, [&](const tests::MadeArtifact& row) {
    return world.database.value(
               "SELECT locked IS NOT DISTINCT FROM 0 AND expire_at < now() "
               "FROM ci_pipeline_artifacts WHERE id = " +
               std::to_string(row.id)) == "f";
  });
  std::shuffle(rows.begin(), rows.end(), std::mt19937(7));

  std::int64_t gitlabs = 0;
  tests::Program program(world.command(JANITOR_PROGRAM));
  for (const tests::MadeArtifact& row : rows) {
    gitlabs += gitlab.destroy(row) ? 1 : 0;
    if (row.id % 50 == 0)
      gitlab.delete_objects();
  }
  const Ended ended = program.wait();

  INFO(ended.err);
  CHECK(ended.status == 0);
  CHECK(gitlabs > 0);
  const auto destroyed = tests::destroyed_in(tests::summary_of(ended));
  CHECK(destroyed > 0);
  CHECK(gitlabs + destroyed == doomed);
  world.let_leases_end();
  world.run();
  check_nothing_broken(world);
}
