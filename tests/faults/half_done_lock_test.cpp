#include "tests/support/fault_point.hpp"
#include "tests/support/live_gitlab.hpp"

#include <catch2/catch.hpp>

#include <functional>
#include <string>
#include <vector>

/// What GitLab has begun before a statement of ours, and has not committed: it
/// holds row locks.  We pass by, and decide again when it has ended.
namespace {

using telemetry::Outcome;
using telemetry::Pass;
using tests::FaultHook;
using tests::LiveGitlab;
using tests::MadeArtifact;
using tests::World;

struct Case {
  const char* name;
  tests::ArtifactSpec spec;
  Pass pass;
  std::function<void(LiveGitlab&, const MadeArtifact&)> begin;
};

Case generate_case() {
  using Gitlab = LiveGitlab;
  using Made = MadeArtifact;
  return GENERATE(
      Case{"unlocked pass, lock",
           {},
           Pass::unlocked,
           [](Gitlab& g, const Made& a) { g.lock(a); }},
      Case{"unlocked pass, prolong",
           {},
           Pass::unlocked,
           [](Gitlab& g, const Made& a) { g.prolong(a); }},
      Case{"legacy pass, lock",
           {.locked = "2"},
           Pass::legacy,
           [](Gitlab& g, const Made& a) { g.lock(a); }},
      Case{"legacy pass, lock the pipeline alone",
           {.locked = "1"},
           Pass::legacy,
           [](Gitlab& g, const Made& a) { g.lock_pipeline_only(a); }},
      Case{"legacy pass, prolong",
           {.locked = "NULL"},
           Pass::legacy,
           [](Gitlab& g, const Made& a) { g.prolong(a); }});
}

/// A run, during which GitLab begins before the first DELETE and ends with
/// \a end after it, or goes on holding its locks if there is none.
telemetry::Report& run_beside(World& world, const Case& what,
                              const MadeArtifact& target, LiveGitlab& gitlab,
                              const char* end) {
  bool begun = false;
  bool ended = false;
  const FaultHook before("batch.before_destroy", [&] {
    if (!std::exchange(begun, true)) {
      gitlab.session.begin();
      what.begin(gitlab, target);
    }
  });
  const FaultHook after("batch.destroyed", [&] {
    if (end && !std::exchange(ended, true))
      gitlab.session.run(end);
  });
  return world.run();
}

void check_nothing_broken(World& world) {
  CHECK(world.violations() == std::vector<std::string>{});
  CHECK(world.entries_left() == 0);
  CHECK(world.files_left() == world.rows_left());
}

}  // namespace

TEST_CASE("a lock that is committed after our DELETE passed by is respected",
          "[postgres][schemas][locks]") {
  const Case what = generate_case();
  INFO(what.name);
  World world;
  LiveGitlab gitlab(world);
  world.add_live();
  const MadeArtifact target = world.add(what.spec);

  const auto& report = run_beside(world, what, target, gitlab, "COMMIT");

  CHECK(report.outcome() == Outcome::drained);
  CHECK(report.destroyed() == 0);
  CHECK(world.row_exists(target));
  CHECK(world.file_exists(target));
  check_nothing_broken(world);
}

TEST_CASE("a lock that is rolled back lets the second try destroy the row",
          "[postgres][schemas][locks]") {
  const Case what = generate_case();
  INFO(what.name);
  World world;
  LiveGitlab gitlab(world);
  world.add_live();
  const MadeArtifact target = world.add(what.spec);

  const auto& report = run_beside(world, what, target, gitlab, "ROLLBACK");

  CHECK(report.outcome() == Outcome::drained);
  CHECK(report.pass(what.pass).destroyed == 1);
  CHECK(report.pass(what.pass).skipped == 0);
  CHECK_FALSE(world.row_exists(target));
  check_nothing_broken(world);
}

TEST_CASE("a row that is held to the end is skipped, and the run throttled",
          "[postgres][schemas][locks]") {
  const Case what = generate_case();
  INFO(what.name);
  World world;
  LiveGitlab gitlab(world);
  world.add_live();
  const MadeArtifact target = world.add(what.spec);

  const auto& report = run_beside(world, what, target, gitlab, nullptr);

  CHECK(report.outcome() == Outcome::throttled);
  CHECK(report.pass(what.pass).skipped == 1);
  CHECK(report.destroyed() == 0);
  gitlab.session.rollback();
  CHECK(world.row_exists(target));
  check_nothing_broken(world);

  CHECK(world.run().pass(what.pass).destroyed == 1);
  check_nothing_broken(world);
}

TEST_CASE(
    "an unlock just before the states are written down is not overwritten",
    "[postgres][schemas][locks]") {
  World world;
  LiveGitlab gitlab(world);
  world.add_live();
  const MadeArtifact target = world.add({.locked = "2", .pipeline_locked = 1});
  const MadeArtifact other =
      world.add({.locked = "NULL", .pipeline_locked = 1});
  const FaultHook hook("window.before_resolve", [&] { gitlab.unlock(target); });

  const telemetry::Report& report = world.run();

  const auto state = [&](const MadeArtifact& artifact) {
    return world.database.value(
        "SELECT locked FROM ci_pipeline_artifacts WHERE id = " +
        std::to_string(artifact.id));
  };
  CHECK(state(target) == "0");
  CHECK(state(other) == "1");
  CHECK(report.pass(Pass::legacy).resolved == 1);
  CHECK(report.backlog.unlocked == 1);
}

TEST_CASE("an unlock under way is not waited for, nor overwritten",
          "[postgres][schemas][locks]") {
  World world;
  LiveGitlab gitlab(world);
  world.add_live();
  const MadeArtifact target = world.add({.locked = "2", .pipeline_locked = 1});
  const bool pipeline_first = GENERATE(true, false);
  const std::string table =
      pipeline_first ? "ci_pipelines" : "ci_pipeline_artifacts";
  const std::string id =
      std::to_string(pipeline_first ? target.pipeline_id : target.id);
  const FaultHook hook("window.before_resolve", [&] {
    gitlab.session.begin();
    gitlab.session.run("UPDATE " + table + " SET locked = 0 WHERE id = " + id);
  });

  const telemetry::Report& report = world.run();
  CHECK(report.pass(Pass::legacy).resolved == 0);
  CHECK(report.outcome() == Outcome::drained);

  gitlab.unlock(target);
  gitlab.session.commit();
  CHECK(world.database.value("SELECT locked FROM ci_pipeline_artifacts "
                             "WHERE expire_at < now()") == "0");
  CHECK(world.run().pass(Pass::unlocked).destroyed == 1);
}

TEST_CASE("a lock that GitLab writes down itself is not counted as resolved",
          "[postgres][schemas][locks]") {
  World world;
  LiveGitlab gitlab(world);
  world.add_live();
  const MadeArtifact target =
      world.add({.locked = "NULL", .pipeline_locked = 1});
  const FaultHook hook("window.before_resolve", [&] { gitlab.lock(target); });
  CHECK(world.run().pass(Pass::legacy).resolved == 0);
  CHECK(world.row_exists(target));
}
