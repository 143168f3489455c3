#pragma once

#include "tests/support/jobs.hpp"
#include "tests/support/pooler.hpp"
#include "tests/support/world.hpp"

#include <string>
#include <utility>
#include <vector>

namespace tests {

/// Work for all five passes and eight workers, behind a pooler of four
/// connections.  Rows are made and looked at past the pooler; whoever connects
/// from now on goes through it.
struct PooledWorld : World {
  static constexpr int projects = 24;
  static constexpr int doomed = 15 * projects;  ///< artifacts
  static constexpr int pipelines = 24;
  static constexpr int to_drop = 3 * pipelines;  ///< jobs

  /// \param settings of the pooler
  explicit PooledWorld(const std::vector<std::string>& settings = {});

  /// Run with as many workers as the options say, as main() does; within a test
  /// there are else no more than cores.
  telemetry::Report& run_wide();

  /// What runs must have left behind, one after the other, whatever happened
  /// to the first.  Empty if all is so.
  std::vector<std::string> left_over();
  /// Make entries due that a run holds: stands for ten minutes that pass.
  void let_leases_end();
  /// Wait until the server is done with all that it was sent: it carries that
  /// out, COMMIT included, when the pooler has gone away.
  void wait_for_server();

  Jobs jobs{*this};
  Pooler pooler;

 private:
  void add_project(int project);
  void add_pipeline(std::int64_t user);
  void add_trace(std::int64_t job);

  std::vector<std::pair<std::int64_t, std::string>> traces_;
  ScopedEnvironment through_ = pooler.environment();
};

}  // namespace tests
