#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/redis_server.hpp"
#include "tests/support/world.hpp"

namespace tests {

/// A job to be made.  The default is a running Ci::Build of the stage 0.
struct JobSpec {
  std::string status = "running";
  std::string type = "Ci::Build";
  int stage = 0;
  bool allow_failure = false;
  std::string retried = "NULL";         ///< SQL
  std::string processed = "true";       ///< SQL
  std::string failure_reason = "NULL";  ///< SQL
  /// SQL, UTC; the database's now() is `now() AT TIME ZONE 'UTC'`.
  std::string started_at = "now() AT TIME ZONE 'UTC' - interval '5 minutes'";
  std::string finished_at = "NULL";
  std::string resource_group_id = "NULL";
  bool queued = true;  ///< has the row of its status in the queue tables
};

/// Users, pipelines, jobs and live traces in a World, made by plain SQL, so
/// that nothing of the program under test stands in for itself.
class Jobs {
 public:
  explicit Jobs(World& world) : world_(world), database_(world.database) {}

  std::int64_t user(const std::string& state = "blocked");
  std::int64_t pipeline(std::int64_t user,
                        const std::string& status = "running",
                        std::int64_t project = 1);
  /// A job, its stage if the pipeline has none at that position, and what
  /// GitLab has for a job of that status: a row of ci_pending_builds or
  /// ci_running_builds (where there are queues), a runner session, a token.
  std::int64_t job(std::int64_t pipeline, const JobSpec& spec = {});
  /// \a count of the same.
  std::vector<std::int64_t> jobs(int count, std::int64_t pipeline,
                                 const JobSpec& spec = {});
  /// A job that was dropped \a ago (SQL interval), with no row in a queue.
  std::int64_t dropped_job(std::int64_t pipeline,
                           const std::string& ago = "1 hour");
  /// A resource group of project 1 whose only resource \a job holds.
  std::int64_t resource_group(const std::string& key);
  void hold_resource(std::int64_t group, std::int64_t job);

  /// A chunk in the database (data_store 2).
  std::int64_t chunk(std::int64_t job, int index, const std::string& bytes);
  /// A chunk in Redis, under GitLab's key (data_store 4, or 1).
  std::int64_t chunk(RedisServer& redis, std::int64_t job, int index,
                     const std::string& bytes, int data_store = 4);
  /// Only the row, with nothing behind it.
  std::int64_t bare_chunk(std::int64_t job, int index, int data_store);

  [[nodiscard]] std::string status(std::int64_t job);
  [[nodiscard]] std::string pipeline_status(std::int64_t pipeline);
  [[nodiscard]] std::int64_t chunks_left(std::int64_t job);
  /// The bytes of the job's archived trace, read from the store by its row;
  /// "(none)" if there is no row with a file, "(no object)" if there is no
  /// file.
  [[nodiscard]] std::string archive(std::int64_t job);

  /// What is wrong by invariants 5 and 6: jobs dropped whose lock_version rose
  /// by other than one, queue rows that point at dropped jobs, archives whose
  /// SHA-256 or size is not that of their object.  Empty if all holds.
  std::vector<std::string> violations();

 private:
  std::int64_t stage(std::int64_t pipeline, int position);
  void queue(std::int64_t job, const JobSpec& spec);

  World& world_;
  TestDatabase& database_;
};

}  // namespace tests
