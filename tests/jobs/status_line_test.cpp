#include "jobs/status_line.hpp"
#include "jobs/signals.hpp"
#include "tests/support/fault_point.hpp"
#include "tests/support/world.hpp"
#include "tests/telemetry/captured_standard_error.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <thread>

using std::chrono::seconds;
using telemetry::Pass;

TEST_CASE("the status line says done, left, rate and time", "[unit]") {
  const telemetry::ProgressState state{
      .what = "unlocked", .done = 1200, .elapsed = seconds{14}};
  CHECK(jobs::status_line(state, seconds{10}, 3400) ==
        "unlocked: 1,200 done, 3,400 left, 300/s, 0:00:11 to go");
  CHECK(jobs::status_line(state, seconds{10}, 3'600 * 300) ==
        "unlocked: 1,200 done, 1,080,000 left, 300/s, 1:00:00 to go");
  CHECK(jobs::status_line(state, seconds{14}, std::nullopt) ==
        "unlocked: 1,200 done, an unknown number left, 0/s, time to go "
        "unknown");
}

TEST_CASE("SIGUSR1 is answered with what is left, by count", "[postgres]") {
  jobs::catch_signals();
  tests::World world;
  world.options.concurrency = 1;
  world.options.batch_size = 10;
  world.options.passes = {Pass::unlocked};
  world.add_many(40);
  int hits = 0;
  const tests::FaultHook hook("batch.before_destroy", [&] {
    if (++hits != 3)
      return;
    std::raise(SIGUSR1);
    // The answer comes from another thread; the test's own time is enough.
    std::this_thread::sleep_for(seconds{1});
  });

  const std::string text = tests::standard_error_of([&] { world.run(); });

  CHECK(text.find("unlocked: 20 done, 20 left, ") != std::string::npos);
  CHECK(text.find(" to go\n") != std::string::npos);
}
