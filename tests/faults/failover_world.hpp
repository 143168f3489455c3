#pragma once

#include "tests/support/fault_point.hpp"
#include "tests/support/replicated_server.hpp"
#include "tests/support/world.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace tests {

/// Artifacts on a primary with a standby, destroyed in six batches.
struct FailoverWorld : ReplicatedServer, World {
  static constexpr int doomed = 60;
  static constexpr int live = 5;

  FailoverWorld() {
    database.run(std::string("GRANT pg_read_all_stats TO ") + program_role);
    options.batch_size = 10;
    options.passes = {telemetry::Pass::unlocked, telemetry::Pass::legacy,
                      telemetry::Pass::objects};
    add_many(live, {.expire_at = "now() + interval '1 day'"});
    add_many(doomed / 2);
    add_many(doomed / 2, {.locked = "2"});
  }

  /// Run, and do something at the \a hit-th time that it comes to a point.
  telemetry::Report& run_and_at(const std::string& point, int hit,
                                const std::function<void()>& what) {
    int hits = 0;
    const FaultHook hook(point, [&] {
      if (++hits == hit)
        what();
    });
    return run();
  }

  /// The standby gets nothing of what is destroyed.
  telemetry::Report& run_unseen_by_standby() {
    return run_and_at("batch.before_destroy", 1, [this] { cut_off(); });
  }

  /// The standby takes over; look at its database from now on.
  void lose_primary() {
    fail_over();
    database.reconnect();
  }

  /// The server that took over does what is left to be done.
  void finish_on_new_primary() {
    options.wait_for_standby = 0;
    options.removal_delay = std::chrono::seconds{0};
    database.run("UPDATE ci_deleted_objects SET pick_up_at = now()");
    CHECK(run().outcome() == telemetry::Outcome::drained);
    CHECK(violations() == std::vector<std::string>{});
    CHECK(rows_left() == live);
    CHECK(entries_left() == 0);
    CHECK(files_left() == live);
  }
};

}  // namespace tests
