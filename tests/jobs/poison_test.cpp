#include "tests/support/world.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <filesystem>

namespace fs = std::filesystem;

using telemetry::Outcome;
using telemetry::Pass;
using tests::MadeArtifact;
using tests::World;

namespace {

/// A file outside the root that no row may reach, and what it must say at the
/// end.
class Canary {
 public:
  [[nodiscard]] fs::path directory() const { return place_.path() / "outside"; }
  [[nodiscard]] fs::path file() const { return directory() / "canary.json"; }
  [[nodiscard]] bool sings() const {
    return tests::read_file(file()) == "canary";
  }

 private:
  tests::TemporaryDirectory place_;
  fs::path written_ = place_.write("outside/canary.json", "canary");
};

/// Make the object of an expired artifact a trap.
void make_poison(World& world, const MadeArtifact& artifact,
                 const std::string& kind, const Canary& canary) {
  const fs::path directory = world.store.path() / artifact.key.directory;
  const fs::path object = directory / artifact.key.file;
  if (kind == "symlink as file") {
    fs::create_directories(directory);
    fs::create_symlink(canary.file(), object);
  } else if (kind == "symlink to nothing") {
    fs::create_directories(directory);
    fs::create_symlink(canary.directory() / "missing", object);
  } else if (kind == "directory is a symlink") {
    fs::create_directories(directory.parent_path());
    fs::create_directory_symlink(canary.directory(), directory);
  } else if (kind == "directory above is a symlink") {
    const fs::path above = directory.parent_path();
    fs::create_directories(above.parent_path());
    fs::create_directories(canary.directory() / directory.filename());
    fs::create_directory_symlink(canary.directory(), above);
  } else if (kind == "directory as file") {
    fs::create_directories(object);
  }
}

struct Kind {
  std::string name;
  std::string file;
  std::string reason;  ///< part of it
};

const std::vector<Kind> kinds{
    {"empty name", "", "is empty"},
    {"dot", ".", "is '.'"},
    {"two dots", "..", "is '..'"},
    {"slash", "a/b", "slash"},
    {"leads up", "../../canary.json", "slash"},
    {"absolute", "/etc/passwd", "slash"},
    {"symlink as file", "canary.json", "symlink"},
    {"symlink to nothing", "canary.json", "symlink"},
    {"directory is a symlink", "canary.json", "symlink"},
    {"directory above is a symlink", "canary.json", "symlink"},
    {"directory as file", "canary.json", "directory"}};

}  // namespace

TEST_CASE("a poison row of any kind stays, is named, and stops nobody",
          "[postgres][schemas]") {
  const std::string locked = GENERATE("0", "2");
  const Canary canary;
  World world;
  world.options.batch_size = 4;
  std::vector<MadeArtifact> poison;
  for (const Kind& kind : kinds) {
    poison.push_back(
        world.add({.locked = locked, .file = kind.file, .with_file = false}));
    make_poison(world, poison.back(), kind.name, canary);
  }
  const auto behind = world.add({.locked = locked});
  const std::string before = world.database.dump();

  SECTION("in a plan, as in the run") {
    const telemetry::Report& plan = world.plan();
    CHECK(plan.destroyed() == 1);
    CHECK(plan.problems_total() == static_cast<int>(kinds.size()));
    CHECK(plan.backlog.total() == 0);
    CHECK(world.database.dump() == before);
    CHECK(world.file_exists(behind));
  }
  SECTION("on every run") {
    for (const int destroyed : {1, 0}) {
      const telemetry::Report& report = world.run();
      CHECK(report.destroyed() == destroyed);
      CHECK(report.removed() == destroyed);
      CHECK(report.outcome() == Outcome::partial);
      CHECK(report.backlog.total() == 0);
      REQUIRE(report.problems_total() == static_cast<int>(kinds.size()));
      for (const telemetry::Problem& problem : report.problems()) {
        const auto which =
            std::ranges::find(poison, problem.id, &MadeArtifact::id);
        REQUIRE(which != poison.end());
        const Kind& kind =
            kinds[static_cast<std::size_t>(which - poison.begin())];
        CAPTURE(kind.name, problem.reason);
        CHECK(problem.table == "ci_pipeline_artifacts");
        CHECK(problem.reason.find(kind.reason) != std::string::npos);
      }
    }
    CHECK_FALSE(world.row_exists(behind));
    CHECK_FALSE(world.file_exists(behind));
    CHECK(world.statistic() == 100 * static_cast<int>(kinds.size()));
  }
  for (const MadeArtifact& artifact : poison)
    CHECK(world.row_exists(artifact));
  CHECK(world.entries_left() == 0);
  CHECK(canary.sings());
}

TEST_CASE("an artifact that becomes poison is left to those who mend it",
          "[postgres][schemas]") {
  const Canary canary;
  World world;
  const auto artifact = world.add({.file = "canary.json", .with_file = false});
  make_poison(world, artifact, "symlink as file", canary);
  REQUIRE(world.run().outcome() == Outcome::partial);

  fs::remove(world.store.path() / artifact.key.path());
  world.store.write(artifact.key.path());
  const telemetry::Report& report = world.run();

  CHECK(report.outcome() == Outcome::drained);
  CHECK(report.destroyed() == 1);
  CHECK(world.files_left() == 0);
  CHECK(canary.sings());
  CHECK(world.violations().empty());
}

TEST_CASE("problems are tolerated up to the number given",
          "[postgres][schemas][locks]") {
  World world;
  for (int i = 0; i < 3; ++i)
    world.add({.file = "", .with_file = false});
  world.add({.locked = "2", .file = "..", .with_file = false});

  world.options.tolerate_problems = 3;
  CHECK(world.run().outcome() == Outcome::partial);
  world.options.tolerate_problems = 4;
  const telemetry::Report& report = world.run();
  CHECK(report.outcome() == Outcome::drained);
  CHECK(report.problems_total() == 4);
  CHECK(report.pass(Pass::unlocked).failed == 3);
  CHECK(report.pass(Pass::legacy).failed == 1);
}

TEST_CASE("a poison row met again at the end of the pass is named once",
          "[postgres][schemas]") {
  World world;
  world.options.batch_size = 2;
  world.options.max_destroy = 2;
  const auto held = world.add();
  world.add({.file = "", .with_file = false});
  world.add();
  tests::TestSession other;
  other.begin();
  other.run(fmt::format(
      "SELECT FROM ci_pipeline_artifacts WHERE id = {} FOR UPDATE", held.id));

  const telemetry::Report& report = world.run();

  CHECK(report.problems_total() == 1);
  CHECK(report.problems().size() == 1);
  CHECK(report.destroyed() == 1);
}

TEST_CASE("a locked row with a poison path is not backlog either",
          "[postgres][schemas][locks]") {
  World world;
  // Says locked under an unlocked pipeline; the other truly knows nothing.
  world.add({.locked = "1", .file = "", .with_file = false});
  world.options.max_resolve = 0;
  world.add({.locked = "2", .pipeline_locked = 1});

  const telemetry::Report& report = world.run();

  CHECK(report.problems_total() == 1);
  CHECK(report.backlog.unknown == 1);
  CHECK(report.pass(Pass::legacy).contradictions == 0);
}
