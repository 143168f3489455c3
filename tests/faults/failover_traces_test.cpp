#include "tests/support/fault_point.hpp"
#include "tests/support/replicated_server.hpp"
#include "tests/support/traces_world.hpp"

#include <catch2/catch.hpp>

#include <chrono>

namespace {

using telemetry::Outcome;
using telemetry::Pass;
using tests::FaultHook;
using Losses = std::vector<std::string>;

/// Traces with chunks in Redis, on a primary whose standby never learns that
/// they were archived.
struct TracesFailover : tests::ReplicatedServer, tests::TracesWorld {
  TracesFailover() {
    database.run(std::string("GRANT pg_read_all_stats TO ") +
                 tests::program_role);
    traces(6, {tests::in_redis, tests::in_shared_state});
    keys = redis.keys() + shared_state.keys();
  }

  telemetry::PassReport& archive_unseen_by_standby() {
    bool seen = true;
    const FaultHook hook("traces.before_complete", [&] {
      if (std::exchange(seen, false))
        cut_off();
    });
    return archive();
  }

  void lose_primary() {
    fail_over();
    database.reconnect();
    let_leases_end();
  }

  std::size_t keys = 0;
};

}  // namespace

TEST_CASE("a standby that lags costs the bytes of traces that it still has",
          "[postgres][slow]") {
  TracesFailover world;
  CHECK(world.archive_unseen_by_standby().archived == 6);
  CHECK(world.losses() == Losses{});
  world.lose_primary();
  CHECK(world.lost_traces().size() == 6);
}

TEST_CASE("no chunk is forgotten that a standby would still need",
          "[postgres][slow]") {
  TracesFailover world;
  world.options.wait_for_standby = 1;
  world.options.statement_timeout = std::chrono::milliseconds{2000};

  const telemetry::PassReport& pass = world.archive_unseen_by_standby();

  CHECK(pass.outcome == Outcome::partial);
  CHECK_THAT(pass.reason, Catch::StartsWith("--wait-for-standby 1: "));
  CHECK(pass.archived == 6);
  CHECK(pass.chunks == 0);
  world.let_leases_end();
  CHECK(world.redis.keys() + world.shared_state.keys() == world.keys);
  CHECK(world.losses() == Losses{});

  world.lose_primary();
  CHECK(world.losses() == Losses{});
  world.options.wait_for_standby = 0;
  CHECK(world.archive().archived == 6);
  CHECK(world.losses() == Losses{});
  CHECK(world.chunk_rows() == 0);
}

TEST_CASE("the chunks that were kept for a standby go when it has caught up",
          "[postgres][slow]") {
  TracesFailover world;
  world.options.wait_for_standby = 1;
  world.options.statement_timeout = std::chrono::milliseconds{2000};
  world.archive_unseen_by_standby();
  CHECK(world.chunk_rows() > 0);

  world.connect();
  CHECK(world.archive().outcome == Outcome::drained);
  CHECK(world.left_over() == Losses{});
}
