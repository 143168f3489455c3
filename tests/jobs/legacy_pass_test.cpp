#include "tests/support/fault_point.hpp"
#include "tests/support/world.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>

using telemetry::Outcome;
using telemetry::Pass;
using tests::MadeArtifact;
using tests::World;

namespace {

/// "0", "1", "2" or "NULL".
std::string lock_state(World& world, const MadeArtifact& artifact) {
  return world.database.value(fmt::format(
      "SELECT locked FROM ci_pipeline_artifacts WHERE id = {}", artifact.id));
}

}  // namespace

TEST_CASE("who takes what, by the row's own state and its pipeline's",
          "[postgres][schemas][locks]") {
  struct Case {
    const char* locked;
    int pipeline_locked;
    const char* taken_by;  ///< a pass, or "" where the row stays
    const char* then;      ///< the row's state if it stays
    bool contradiction;
  };
  const std::vector<Case> cases{
      {"0", 0, "unlocked", "", false},  {"0", 1, "unlocked", "", false},
      {"1", 0, "legacy", "", true},     {"1", 1, "", "1", false},
      {"2", 0, "legacy", "", false},    {"2", 1, "", "1", false},
      {"NULL", 0, "legacy", "", false}, {"NULL", 1, "", "1", false}};
  World world;
  std::vector<MadeArtifact> made;
  for (const Case& c : cases)
    made.push_back(
        world.add({.locked = c.locked, .pipeline_locked = c.pipeline_locked}));

  const telemetry::Report& report = world.run();

  for (std::size_t i = 0; i < cases.size(); ++i) {
    CAPTURE(cases[i].locked, cases[i].pipeline_locked);
    const bool stays = std::string(cases[i].taken_by).empty();
    REQUIRE(world.row_exists(made[i]) == stays);
    CHECK(world.file_exists(made[i]) == stays);
    if (stays)
      CHECK(lock_state(world, made[i]) == cases[i].then);
  }
  CHECK(report.pass(Pass::unlocked).destroyed == 2);
  CHECK(report.pass(Pass::legacy).scanned == 6);
  CHECK(report.pass(Pass::legacy).destroyed == 3);
  CHECK(report.pass(Pass::legacy).contradictions == 1);
  CHECK(report.pass(Pass::legacy).resolved == 2);
  CHECK(report.outcome() == Outcome::drained);
  CHECK(report.backlog.total() == 0);
  CHECK(world.violations().empty());
}

TEST_CASE("each pass alone takes its own rows only",
          "[postgres][schemas][locks]") {
  World world;
  const auto own = world.add();
  const auto unknown = world.add({.locked = "2"});

  SECTION("unlocked") {
    world.options.passes = {Pass::unlocked};
    CHECK(world.run().destroyed() == 1);
    CHECK(world.row_exists(unknown));
  }
  SECTION("legacy") {
    world.options.passes = {Pass::legacy};
    CHECK(world.run().destroyed() == 1);
    CHECK(world.row_exists(own));
  }
  CHECK(world.violations().empty());
}

TEST_CASE("rows that are not expired are not resolved",
          "[postgres][schemas][locks]") {
  World world;
  const auto live = world.add({.expire_at = "now() + interval '1 hour'",
                               .locked = "2",
                               .pipeline_locked = 1});
  const auto without =
      world.add({.expire_at = "NULL", .locked = "2", .pipeline_locked = 1});

  CHECK(world.run().pass(Pass::legacy).resolved == 0);

  CHECK(lock_state(world, live) == "2");
  CHECK(lock_state(world, without) == "2");
}

TEST_CASE("trusting lock states looks only at rows that know none",
          "[postgres][schemas][locks]") {
  World world;
  world.options.trust_lock_state = true;
  const auto contradiction = world.add({.locked = "1"});
  const auto unknown = world.add({.locked = "2"});
  const auto null = world.add({.locked = "NULL"});
  const auto locked = world.add({.locked = "1", .pipeline_locked = 1});

  const telemetry::Report& report = world.run();

  CHECK(report.pass(Pass::legacy).scanned == 2);
  CHECK(report.pass(Pass::legacy).destroyed == 2);
  CHECK(report.pass(Pass::legacy).contradictions == 0);
  CHECK(world.row_exists(contradiction));
  CHECK(world.row_exists(locked));
  CHECK_FALSE(world.row_exists(unknown));
  CHECK_FALSE(world.row_exists(null));
  CHECK(world.violations().empty());
}

TEST_CASE("at most so many states are written down in a run",
          "[postgres][schemas][locks]") {
  World world;
  world.options.concurrency = GENERATE(1U, 3U);
  // Smaller than what is granted, and than what is unknown.
  world.options.window_size = 4;
  world.add_rows(10, {.locked = "2", .pipeline_locked = 1});
  const int limit = GENERATE(0, 1, 9, 10, 11);
  world.options.max_resolve = limit;

  const telemetry::Report& report = world.run();

  const int expected = std::min(limit, 10);
  CHECK(report.pass(Pass::legacy).resolved == expected);
  CHECK(world.database.number("SELECT count(*) FROM ci_pipeline_artifacts "
                              "WHERE locked = 1") == expected);
  CHECK(report.backlog.unknown == 10 - expected);
  CHECK(report.outcome() == Outcome::drained);
}

TEST_CASE("states are resolved in slices, and all of them",
          "[postgres][schemas][locks]") {
  World world;
  world.add_rows(1001, {.locked = "NULL", .pipeline_locked = 1});

  CHECK(world.run().pass(Pass::legacy).resolved == 1001);
  CHECK(world.run().pass(Pass::legacy).resolved == 0);

  CHECK(world.database.number("SELECT count(*) FROM ci_pipeline_artifacts "
                              "WHERE locked = 1") == 1001);
}

TEST_CASE("a state that an unlock has just written is not overwritten",
          "[postgres][schemas][locks]") {
  World world;
  const auto artifact = world.add({.locked = "2", .pipeline_locked = 1});
  const tests::FaultHook hook("window.before_resolve", [&] {
    tests::TestSession().run(
        "BEGIN; UPDATE ci_pipelines SET locked = 0; "
        "UPDATE ci_pipeline_artifacts SET locked = 0; COMMIT");
  });

  const telemetry::Report& report = world.run();

  CHECK(report.pass(Pass::legacy).resolved == 0);
  CHECK(lock_state(world, artifact) == "0");
}

TEST_CASE("the state of a pipeline that has just been unlocked is not written",
          "[postgres][schemas][locks]") {
  World world;
  const auto artifact = world.add({.locked = "2", .pipeline_locked = 1});
  const tests::FaultHook hook("window.before_resolve", [&] {
    tests::TestSession().run("UPDATE ci_pipelines SET locked = 0");
  });

  const telemetry::Report& report = world.run();

  CHECK(report.pass(Pass::legacy).resolved == 0);
  CHECK(lock_state(world, artifact) == "2");
  CHECK(report.backlog.unknown == 1);
}

TEST_CASE("a pipeline that is locked again before the DELETE keeps its row",
          "[postgres][schemas]") {
  World world;
  const auto artifact = world.add({.locked = "2"});
  const auto point = GENERATE("page.read", "window.judged", "batch.looked",
                              "batch.before_destroy");
  CAPTURE(point);
  const tests::FaultHook hook(point, [] {
    tests::TestSession().run("UPDATE ci_pipelines SET locked = 1");
  });

  const telemetry::Report& report = world.run();

  CHECK(report.destroyed() == 0);
  CHECK(report.outcome() == Outcome::drained);
  CHECK(world.row_exists(artifact));
  CHECK(world.violations().empty());
}

TEST_CASE("a pipeline that somebody holds keeps its rows, and is counted",
          "[postgres][schemas]") {
  World world;
  const auto held = world.add({.locked = "2"});
  const auto free = world.add({.locked = "2"});
  tests::TestSession other;
  other.begin();
  other.run(fmt::format("UPDATE ci_pipelines SET locked = 1 WHERE id = {}",
                        held.pipeline_id));

  SECTION("to the end") {
    const telemetry::Report& report = world.run();
    CHECK(report.pass(Pass::legacy).destroyed == 1);
    CHECK(report.pass(Pass::legacy).skipped == 1);
    CHECK(report.outcome() == Outcome::throttled);
    other.commit();
    CHECK(world.row_exists(held));
  }
  SECTION("until after the first try, and gives up") {
    const tests::FaultHook hook("batch.destroyed", [&, once = false]() mutable {
      if (!std::exchange(once, true))
        other.rollback();
    });
    const telemetry::Report& report = world.run();
    CHECK(report.pass(Pass::legacy).destroyed == 2);
    CHECK(report.pass(Pass::legacy).skipped == 0);
    CHECK(report.outcome() == Outcome::drained);
    CHECK_FALSE(world.row_exists(held));
  }
  SECTION("until after the first try, and locks it") {
    const tests::FaultHook hook("batch.destroyed", [&, once = false]() mutable {
      if (!std::exchange(once, true))
        other.commit();
    });
    const telemetry::Report& report = world.run();
    CHECK(report.pass(Pass::legacy).destroyed == 1);
    CHECK(report.pass(Pass::legacy).skipped == 0);
    CHECK(report.outcome() == Outcome::drained);
    CHECK(world.row_exists(held));
  }
  CHECK_FALSE(world.row_exists(free));
  CHECK(world.violations().empty());
}

TEST_CASE("a row held by its own session is left unresolved",
          "[postgres][schemas][locks]") {
  World world;
  const auto held = world.add({.locked = "2", .pipeline_locked = 1});
  const auto free = world.add({.locked = "2", .pipeline_locked = 1});
  tests::TestSession other;
  other.begin();
  other.run(fmt::format(
      "SELECT FROM ci_pipeline_artifacts WHERE id = {} FOR UPDATE", held.id));

  world.options.max_resolve = 2;
  const telemetry::Report& report = world.run();

  CHECK(report.pass(Pass::legacy).resolved == 1);
  CHECK(report.backlog.unknown == 1);
  other.rollback();
  CHECK(lock_state(world, held) == "2");
  CHECK(lock_state(world, free) == "1");
}

TEST_CASE("windows and batches smaller than what there is miss nothing",
          "[postgres][schemas][locks]") {
  World world;
  world.options.window_size = 7;
  world.options.batch_size = 3;
  world.add_many(15, {.locked = "2"});
  world.add_many(15, {.locked = "1", .pipeline_locked = 1});
  world.add_many(15, {.locked = "1", .project_id = 2});

  const telemetry::Report& report = world.run();

  CHECK(report.pass(Pass::legacy).scanned == 45);
  CHECK(report.pass(Pass::legacy).windows == 7);
  CHECK(report.pass(Pass::legacy).destroyed == 30);
  CHECK(report.pass(Pass::legacy).contradictions == 15);
  CHECK(report.pass(Pass::legacy).bytes == 3000);
  CHECK(world.rows_left() == 15);
  CHECK(world.files_left() == 15);
  CHECK(world.violations().empty());
}

TEST_CASE("several artifacts of one pipeline share its fate",
          "[postgres][schemas]") {
  World world;
  world.options.window_size = 1;
  const auto first = world.add({.locked = "2"});
  const auto second =
      world.add({.locked = "1", .pipeline_id = first.pipeline_id});
  const auto third =
      world.add({.locked = "NULL", .pipeline_id = first.pipeline_id});

  const telemetry::Report& report = world.run();

  CHECK(report.pass(Pass::legacy).destroyed == 3);
  for (const auto& artifact : {first, second, third})
    CHECK_FALSE(world.row_exists(artifact));
  CHECK(world.violations().empty());
}
