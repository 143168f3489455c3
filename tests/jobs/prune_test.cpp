#include "tests/support/world.hpp"

#include <catch2/catch.hpp>

#include <filesystem>

namespace fs = std::filesystem;

using stores::Prune;
using tests::World;

namespace {

/// As if nobody had changed any directory of the store for two hours.
void settle(const World& world) {
  const auto when = fs::file_time_type::clock::now() - std::chrono::hours{2};
  for (const auto& entry : fs::recursive_directory_iterator(world.store.path()))
    if (entry.is_directory())
      fs::last_write_time(entry.path(), when);
}

}  // namespace

TEST_CASE("what a run does with the directories that it empties",
          "[postgres]") {
  World world;
  const std::string locked = GENERATE("0", "2");
  const auto artifact = world.add({.locked = locked});
  const fs::path leaf = world.store.path() / artifact.key.directory;
  const fs::path project =
      leaf.parent_path().parent_path().parent_path().parent_path();
  REQUIRE(fs::is_directory(leaf));

  SECTION("the artifact's own is removed") {
    settle(world);
    REQUIRE(world.run().removed() == 1);
    CHECK_FALSE(fs::exists(leaf));
    CHECK(fs::is_directory(leaf.parent_path()));
  }
  SECTION("none is") {
    settle(world);
    world.options.prune = Prune::none;
    REQUIRE(world.run().removed() == 1);
    CHECK(fs::is_directory(leaf));
  }
  SECTION("all are, up to the root") {
    settle(world);
    world.options.prune = Prune::all;
    REQUIRE(world.run().removed() == 1);
    CHECK(fs::is_empty(world.store.path()));
    CHECK(fs::is_directory(world.store.path()));
  }
  SECTION("all but those that GitLab may be about to write to") {
    world.options.prune = Prune::all;
    REQUIRE(world.run().removed() == 1);
    CHECK_FALSE(fs::exists(leaf));
    CHECK(fs::is_directory(leaf.parent_path()));
  }
  SECTION("one that holds something else stays") {
    world.options.prune = Prune::all;
    world.store.write(artifact.key.directory + "/other.json");
    settle(world);
    REQUIRE(world.run().removed() == 1);
    CHECK(fs::exists(leaf / "other.json"));
  }
  SECTION("those of a live sibling stay") {
    world.options.prune = Prune::all;
    const auto live = world.add_live();
    settle(world);
    REQUIRE(world.run().removed() == 1);
    CHECK_FALSE(fs::exists(leaf.parent_path().parent_path()));
    CHECK(fs::is_directory(project));
    CHECK(world.file_exists(live));
  }
  CHECK(world.violations().empty());
}

TEST_CASE("directories of queued pipeline artifacts are pruned likewise",
          "[postgres][schemas]") {
  World world;
  const fs::path artifacts = "6b/86/6b86/pipelines/12/artifacts";
  world.add_entry((artifacts / "345").string(), "code_coverage.json");
  settle(world);
  SECTION("leaf") {
    world.run();
    CHECK_FALSE(fs::exists(world.store.path() / artifacts / "345"));
    CHECK(fs::exists(world.store.path() / artifacts));
  }
  SECTION("all") {
    world.options.prune = Prune::all;
    world.run();
    CHECK(fs::is_empty(world.store.path()));
  }
}

TEST_CASE("directories that GitLab may write to again are left",
          "[postgres][schemas]") {
  World world;
  world.options.prune = Prune::all;
  world.add_entry("2018_03/12/345", "artifacts.zip");
  world.add_entry("@final/6b/86", "artifacts.zip");
  settle(world);
  CHECK(world.run().pass(telemetry::Pass::objects).removed == 2);
  CHECK(fs::exists(world.store.path() / "2018_03/12/345"));
  CHECK(fs::exists(world.store.path() / "@final/6b/86"));
}
