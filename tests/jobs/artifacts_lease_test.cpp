#include "jobs/artifacts_lease.hpp"

#include "tests/command_line/janitor.hpp"
#include "tests/support/fault_point.hpp"
#include "tests/support/redis_server.hpp"

#include <catch2/catch.hpp>

#include <functional>

using jobs::ArtifactsLease;
using std::chrono::milliseconds;

namespace {

struct LeaseWorld : tests::World {
  LeaseWorld() {
    options.redis_shared_state = server.url();
    options.passes = {telemetry::Pass::unlocked};
    add();
  }
  tests::RedisServer server;
};

bool comes_true(const std::function<bool()>& condition) {
  for (int tries = 0; tries < 200 && !condition(); ++tries)
    std::this_thread::sleep_for(milliseconds{50});
  return condition();
}

}  // namespace

TEST_CASE(
    "GitLab's lease on expired artifacts is held while they are destroyed",
    "[postgres][redis]") {
  LeaseWorld world;
  world.options.exclusive = GENERATE(false, true);
  bool seen = false;
  const tests::FaultHook hook("batch.before_destroy", [&] {
    seen = world.server.exists(ArtifactsLease::key);
  });
  CHECK(world.run().destroyed() == 1);
  CHECK(seen);
  CHECK(world.server.keys() == 0);
}

TEST_CASE("where GitLab holds the lease on artifacts the work is shared",
          "[postgres][redis]") {
  LeaseWorld world;
  world.server.set(ArtifactsLease::key, "GitLab's");
  CHECK(world.run().destroyed() == 1);
  CHECK(world.server.get(ArtifactsLease::key) == "GitLab's");
}

TEST_CASE("an exclusive run does not begin beside another, and ends with 75",
          "[postgres][redis][program]") {
  LeaseWorld world;
  world.server.set(ArtifactsLease::key, "GitLab's");
  const tests::Ended ended = tests::janitor(
      world,
      {"run", "--exclusive", "--redis-shared-state", world.server.url()});
  CHECK(ended.status == 75);
  CHECK(ended.out.empty());
  CHECK_THAT(tests::complaint(ended), Catch::Contains(ArtifactsLease::key));
  CHECK(world.rows_left() == 1);
  CHECK(world.server.get(ArtifactsLease::key) == "GitLab's");
}

TEST_CASE("an exclusive run needs a Redis, and no other shard",
          "[postgres][program]") {
  tests::World world;
  const auto said = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"run", "--exclusive"});
    const tests::Ended ended = tests::janitor(world, words);
    CHECK(ended.status == 2);
    return tests::complaint(ended);
  };
  CHECK_THAT(said({}), Catch::Contains("--exclusive needs --redis"));
  CHECK_THAT(said({"--redis", "unix:///nowhere", "--shards", "2"}),
             Catch::Contains("exclude each other"));
}

TEST_CASE("the lease on artifacts is renewed until it is given back",
          "[redis]") {
  tests::RedisServer server;
  std::atomic<bool> stop{false};
  std::atomic<bool> lost{false};
  stores::Redis redis(stores::parse_redis_url(server.url()), stop);
  jobs::Options options;
  options.exclusive = true;
  const auto token = [&] { return server.get(ArtifactsLease::key); };
  {
    const ArtifactsLease lease(&redis, options, stop, lost, milliseconds{600});
    const auto ours = token();
    REQUIRE(ours);
    std::this_thread::sleep_for(milliseconds{1500});
    CHECK(token() == ours);

    SECTION("taken again after Redis has lost it") {
      server.restart();
      CHECK(comes_true([&] { return token().has_value(); }));
      CHECK_FALSE(lost);
    }
    SECTION("and its loss to another is noticed") {
      server.set(ArtifactsLease::key, "another's");
      CHECK(comes_true([&] { return lost.load(); }));
    }
  }
  CHECK(token() ==
        (lost ? std::optional<std::string>("another's") : std::nullopt));
}
