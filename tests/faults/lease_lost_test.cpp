#include "jobs/artifacts_lease.hpp"
#include "jobs/exit_status.hpp"
#include "jobs/run.hpp"
#include "tests/support/fault_point.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/support/world.hpp"

#include <catch2/catch.hpp>

#include <functional>
#include <thread>

using jobs::ArtifactsLease;
using std::chrono::milliseconds;
using telemetry::Outcome;

namespace {

/// A run of 150 batches, whose lease is renewed every 100 ms.
struct LeasedRun : tests::World {
  LeasedRun() {
    options.redis_shared_state = server.url();
    options.passes = {telemetry::Pass::unlocked};
    options.concurrency = 1;
    options.batch_size = 1;
    add_many(150);
  }

  /// \param upset what happens in the second batch
  /// \param settled until then each batch takes 50 ms
  telemetry::Report& run_upset(const std::function<void()>& upset,
                               const std::function<bool()>& settled) {
    batches = 0;
    const tests::FaultHook hook("batch.before_destroy", [&] {
      if (++batches == 2)
        upset();
      if (batches == 1 || !settled())
        std::this_thread::sleep_for(milliseconds{50});
    });
    jobs::Installation installation(options, "test", stop);
    jobs::run(installation, stop, {}, report, milliseconds{300});
    CHECK(violations() == std::vector<std::string>{});
    return report;
  }

  [[nodiscard]] std::optional<std::string> holder() {
    return server.get(ArtifactsLease::key);
  }

  tests::RedisServer server;
  telemetry::Report report;
  int batches = 0;
};

}  // namespace

TEST_CASE("an exclusive run ends early once another has its lease",
          "[postgres][redis]") {
  LeasedRun world;
  world.options.exclusive = true;
  const telemetry::Report& report = world.run_upset(
      [&] { world.server.set(ArtifactsLease::key, "GitLab's"); },
      [] { return false; });
  CHECK(report.lease_lost);
  CHECK(report.outcome() == Outcome::throttled);
  CHECK_THAT(report.pass(telemetry::Pass::unlocked).reason,
             Catch::Contains("the lease of --exclusive was lost"));
  CHECK(jobs::exit_status(world.options, report, 0) == 75);
  CHECK(report.destroyed() >= 2);
  CHECK(world.rows_left() == 150 - report.destroyed());
  CHECK(world.rows_left() > 0);
  CHECK(world.holder() == "GitLab's");
}

TEST_CASE("a run takes its lease again where Redis has lost it",
          "[postgres][redis]") {
  LeasedRun world;
  world.options.exclusive = GENERATE(false, true);
  bool is_held_again = false;
  const telemetry::Report& report = world.run_upset(
      [&] { world.server.command({"FLUSHALL"}); },
      [&] { return is_held_again = world.holder().has_value(); });
  CHECK(is_held_again);
  CHECK_FALSE(report.lease_lost);
  CHECK(report.outcome() == Outcome::drained);
  CHECK(world.rows_left() == 0);
  CHECK(world.server.keys() == 0);
}

TEST_CASE("a run that is not exclusive goes on beside who took its lease",
          "[postgres][redis]") {
  LeasedRun world;
  const telemetry::Report& report = world.run_upset(
      [&] { world.server.set(ArtifactsLease::key, "GitLab's"); },
      [&] { return world.batches > 12; });
  CHECK_FALSE(report.lease_lost);
  CHECK(report.outcome() == Outcome::drained);
  CHECK(world.rows_left() == 0);
  CHECK(world.holder() == "GitLab's");
}
