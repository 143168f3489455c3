#include "tests/faults/fault_points.hpp"
#include "tests/support/fault_point.hpp"
#include "tests/support/live_gitlab.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace {

using tests::FaultHook;
using tests::LiveGitlab;
using tests::MadeArtifact;
using tests::World;

/// What a GitLab does to the target at one moment.
struct Act {
  const char* name;
  std::function<void(LiveGitlab&, const MadeArtifact&)> act;
  bool spares = false;      ///< a row that was there at that moment must stay
  bool at_commits = false;  ///< also around every statement
};

/// What a run meets: an artifact that a pass would destroy.
struct Target {
  const char* name;
  tests::ArtifactSpec spec;
};

const Target unlocked_target{"destroyed by the unlocked pass", {}};
const Target legacy_target{"destroyed by the legacy pass", {.locked = "NULL"}};

std::vector<Act> acts() {
  using Gitlab = LiveGitlab;
  using Made = MadeArtifact;
  return {
      {"lock", [](Gitlab& g, const Made& a) { g.lock(a); }, true, true},
      {"prolong", [](Gitlab& g, const Made& a) { g.prolong(a); }, true, true},
      {"unlock", [](Gitlab& g, const Made& a) { g.unlock(a); }},
      {"destroy", [](Gitlab& g, const Made& a) { g.destroy(a); }, false, true},
      {"recreate", [](Gitlab& g, const Made& a) { g.recreate(a); }},
      {"upload", [](Gitlab& g, const Made& a) { g.upload(a.project_id); }},
      {"delete objects", [](Gitlab& g, const Made&) { g.delete_objects(); }},
  };
}

/// Everything a run has steps for, around one target.
struct Scene {
  World& world;
  MadeArtifact target;
  MadeArtifact unknown;  ///< the pipeline is locked, the row does not know

  Scene(World& world_given, const tests::ArtifactSpec& spec)
      : world(world_given) {
    world.add_many(3);
    world.add_many(3, {.locked = "1"});
    target = world.add(spec);
    unknown = world.add({.locked = "2", .pipeline_locked = 1});
    world.add_entry("queued/" + std::to_string(target.id), "job.log");
  }
};

std::int64_t unlocked_and_expired(World& world) {
  return world.database.number(
      "SELECT count(*) FROM ci_pipeline_artifacts "
      "WHERE expire_at < now() AND locked = 0");
}

/// Do \a act once, when a run comes to \a point for the \a hit-th time, and see
/// that nothing is broken.
/// \return whether it came there.
bool run_with(World& world, const Target& what, const Act& act,
              const char* point, int hit = 1) {
  INFO(act.name << " of an artifact " << what.name << " at " << point
                << ", hit " << hit);
  const Scene scene(world, what.spec);
  LiveGitlab gitlab(world);
  bool was_there = false;
  int hits = 0;
  std::int64_t left = 0;
  {
    const FaultHook hook(point, [&] {
      if (++hits != hit)
        return;
      was_there = world.row_exists(scene.target);
      act.act(gitlab, scene.target);
    });
    const telemetry::Report& report = world.run();
    left = report.backlog.unlocked.value_or(-1);
  }
  if (hits < hit)
    return false;

  CHECK(world.violations() == std::vector<std::string>{});
  // What became eligible behind the run's back is the next one's.
  CHECK(left == unlocked_and_expired(world));
  if (left > 0)
    world.run();
  CHECK(world.row_exists(scene.target) == (was_there && act.spares));
  CHECK(world.row_exists(scene.unknown));
  CHECK(world.entries_left() == 0);
  CHECK(world.files_left() == world.rows_left());
  return true;
}

void run_at_every_point(const Target& target) {
  for (const Act& act : acts()) {
    World world;
    world.add_live();
    for (const tests::FaultPoint& point : tests::fault_points)
      CHECK(run_with(world, target, act, point.name));
  }
}

/// Around every statement of a run: when its rows are here, and the answer to
/// its COMMIT is not.
void run_at_every_commit(const Target& target) {
  for (const Act& act : acts()) {
    if (!act.at_commits)
      continue;
    World world;
    world.add_live();
    int hit = 1;
    while (run_with(world, target, act, "db.before_commit_answer", hit))
      ++hit;
    CHECK(hit > 10);
  }
}

}  // namespace

TEST_CASE("whatever GitLab does between two steps, the unlocked pass is right",
          "[postgres][schemas][locks]") {
  run_at_every_point(unlocked_target);
}

TEST_CASE("whatever GitLab does between two steps, the legacy pass is right",
          "[postgres][schemas][locks]") {
  run_at_every_point(legacy_target);
}

TEST_CASE("whatever GitLab does at a commit, the unlocked pass is right",
          "[postgres][slow]") {
  run_at_every_commit(unlocked_target);
}

TEST_CASE("whatever GitLab does at a commit, the legacy pass is right",
          "[postgres][slow]") {
  run_at_every_commit(legacy_target);
}
