#include "jobs/page_source.hpp"
#include "jobs/signals.hpp"
#include "tests/jobs/slow_world.hpp"
#include "tests/support/fault_point.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <utility>

using telemetry::Outcome;
using tests::SlowWorld;

TEST_CASE("while the pause file is there nothing new is begun", "[postgres]") {
  SlowWorld world;
  world.add_many(30);
  const std::string file = world.store.path().string() + "-pause";
  world.options.pause_file = file;
  std::ofstream{file};
  const auto& paused = world.run_unlocked();
  CHECK(paused.outcome == Outcome::budget_exhausted);
  CHECK(paused.destroyed == 0);

  std::filesystem::remove(file);
  CHECK(world.run_unlocked().destroyed == 30);
}

TEST_CASE("SIGUSR2 pauses after the batch in hand, and ends the pause",
          "[postgres]") {
  jobs::catch_signals();
  SlowWorld world;
  world.add_many(30);
  {
    bool raised = false;
    const tests::FaultHook hook("batch.destroyed", [&] {
      if (!std::exchange(raised, true))
        std::raise(SIGUSR2);
    });
    const auto& paused = world.run_unlocked();
    CHECK(paused.outcome == Outcome::budget_exhausted);
    CHECK(paused.destroyed == 10);
  }
  std::raise(SIGUSR2);
  CHECK(world.run_unlocked().destroyed == 20);
  CHECK(world.violations().empty());
}

TEST_CASE("a pass that reads on and finds nothing is paused as well",
          "[postgres]") {
  SlowWorld world;
  world.add_rows(3 * jobs::PageSource::page_size,
                 {.expire_at = "now() - id * interval '1 second'"});
  world.options.projects = {2};
  const std::string file = world.store.path().string() + "-pause";
  world.options.pause_file = file;
  int pages = 0;
  const tests::FaultHook hook("page.read", [&] {
    ++pages;
    std::ofstream{file};
  });
  CHECK(world.run_unlocked().outcome == Outcome::budget_exhausted);
  CHECK(pages == 1);
  std::filesystem::remove(file);
}
