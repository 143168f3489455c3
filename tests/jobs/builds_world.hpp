#pragma once

#include "tests/support/jobs.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <vector>

namespace tests {

/// A World on which only the builds pass runs, with Jobs in it.
struct BuildsWorld : World {
  BuildsWorld() { options.passes = {telemetry::Pass::builds}; }

  /// A live pipeline of a new blocked user.
  std::int64_t blocked_pipeline(const std::string& status = "running") {
    return jobs.pipeline(jobs.user(), status);
  }

  const telemetry::PassReport& drop() {
    return run().pass(telemetry::Pass::builds);
  }

  /// A column, or any expression, of a row; NULL is "NULL".
  std::string field(const std::string& table, std::int64_t id,
                    const std::string& expression) {
    return database.value(
        fmt::format("SELECT {} FROM {} WHERE id = {}", expression, table, id));
  }
  std::string of_job(std::int64_t id, const std::string& expression) {
    return field("ci_builds", id, expression);
  }
  std::string of_pipeline(std::int64_t id, const std::string& expression) {
    return field("ci_pipelines", id, expression);
  }
  /// A column of the stage of \a pipeline at \a position.
  std::string of_stage(std::int64_t pipeline, int position,
                       const std::string& expression) {
    return database.value(fmt::format(
        "SELECT {} FROM ci_stages WHERE pipeline_id = {} AND position = {}",
        expression, pipeline, position));
  }
  /// All of a row, as text.
  std::string row(const std::string& table, std::int64_t id) {
    return field(table, id, table + "::text");
  }

  std::int64_t count(const std::string& from_where) {
    return database.number("SELECT count(*) FROM " + from_where);
  }
  std::int64_t dropped() {
    return count("ci_builds WHERE failure_reason = 14");
  }

  void set(const std::string& table, std::int64_t id,
           const std::string& assignment) {
    database.run(
        fmt::format("UPDATE {} SET {} WHERE id = {}", table, assignment, id));
  }

  Jobs jobs{*this};
};

/// Whether a time without time zone is UTC, and of the last minute.
inline std::string is_now(const std::string& column) {
  return fmt::format(
      "({0} > now() AT TIME ZONE 'UTC' - interval '1 minute' AND {0} <= now() "
      "AT TIME ZONE 'UTC')",
      column);
}

}  // namespace tests
