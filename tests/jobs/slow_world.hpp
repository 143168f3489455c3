#pragma once

#include "db/pressure.hpp"
#include "tests/support/world.hpp"

#include <string>

namespace tests {

/// A world whose runs destroy ten rows at a time, one after the other.
struct SlowWorld : World {
  SlowWorld() {
    options.concurrency = 1;
    options.batch_size = 10;
    options.passes = {telemetry::Pass::unlocked};
    options.time_limit = std::chrono::seconds{1};
  }

  db::Pressure pressure() {
    options.command = jobs::Command::check;
    jobs::Installation installation(options, "test", stop);
    return db::read_pressure(installation.pool, installation.session());
  }

  const telemetry::PassReport& run_unlocked() {
    return run().pass(telemetry::Pass::unlocked);
  }

  /// Its dead rows are nobody's to remove, or the test's alone.
  void turn_autovacuum_off() {
    for (const char* const table :
         {"ci_pipeline_artifacts", "ci_deleted_objects"})
      database.run(std::string("ALTER TABLE public.") + table +
                   " SET (autovacuum_enabled = off)");
  }
};

}  // namespace tests
