#include "tests/jobs/builds_world.hpp"
#include "tests/support/fault_point.hpp"
#include "tests/support/redis_server.hpp"

#include <catch2/catch.hpp>

/// GitLab's own lease on the processing of a pipeline, where Redis is given.
namespace {

using telemetry::Outcome;
using tests::BuildsWorld;
using tests::FaultHook;

struct LeasedWorld : BuildsWorld {
  LeasedWorld() {
    options.redis = server.url();
    options.redis_shared_state = server.url();
    options.concurrency = 1;
  }

  std::string key() const {
    return "gitlab:exclusive_lease:ci/pipeline_processing/"
           "atomic_processing_service::pipeline_id:" +
           std::to_string(pipeline);
  }

  tests::RedisServer server;
  std::int64_t pipeline = blocked_pipeline();
  std::int64_t job = jobs.job(pipeline);
};

}  // namespace

TEST_CASE("GitLab's lease is held from the first drop to the last write",
          "[postgres][redis][schemas]") {
  LeasedWorld world;
  int seen = 0;
  const auto look = [&] {
    ++seen;
    CHECK(world.server.exists(world.key()));
  };
  const FaultHook drop("builds.before_drop", look);
  const FaultHook dropped("builds.after_drop", look);
  CHECK(world.drop().dropped == 1);
  CHECK(seen == 2);
  CHECK(world.server.keys() == 0);
}

TEST_CASE("a lease that GitLab holds stays GitLab's, and the jobs are dropped",
          "[postgres][redis][schemas]") {
  LeasedWorld world;
  world.server.set(world.key(), "GitLab's");
  CHECK(world.drop().dropped == 1);
  CHECK(world.jobs.pipeline_status(world.pipeline) == "failed");
  CHECK(world.server.get(world.key()) == "GitLab's");
}

TEST_CASE("a plan takes no lease", "[postgres][redis][schemas]") {
  LeasedWorld world;
  const auto commands = [&] {
    return world.server.command({"INFO", "commandstats"}).value();
  };
  world.plan();
  CHECK_THAT(commands(), !Catch::Contains("cmdstat_set"));
}

TEST_CASE("a Redis that goes away meanwhile keeps no job from its drop",
          "[postgres][redis][slow]") {
  LeasedWorld world;
  world.options.wave_size = 1;
  const auto later = world.blocked_pipeline();
  world.jobs.job(later);
  bool is_gone = false;
  const FaultHook hook("builds.before_drop", [&] {
    if (!std::exchange(is_gone, true))
      world.server.stop();
  });
  const auto& report = world.drop();
  CHECK(report.dropped == 2);
  CHECK(report.outcome == Outcome::drained);
  CHECK(world.jobs.pipeline_status(later) == "failed");
}
