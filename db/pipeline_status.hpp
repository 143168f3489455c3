#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "db/catalog.hpp"
#include "db/job_status.hpp"
#include "db/pool.hpp"
#include "db/statement.hpp"

namespace db {

using telemetry::Timestamp;

/// A job that counts for the status of its stage and pipeline: one that nobody
/// has retried.  Times are UTC.
struct LatestJob {
  std::int64_t id = 0;
  std::int64_t lock_version = 0;    ///< no_lock_version: NULL
  std::int64_t stage = 0;           ///< stage_idx, to compare with a position
  std::optional<JobStatus> status;  ///< nothing: a word that nobody here knows
  bool allow_failure = false;
  bool is_build = false;      ///< Ci::Build: its time counts for the duration
  bool is_processed = false;  ///< its status is part of the pipeline's
  bool is_dropped = false;    ///< failed since its user was blocked
  std::optional<Timestamp> started_at;
  std::optional<Timestamp> finished_at;
};

struct Stage {
  std::int64_t id = 0;
  std::int64_t lock_version = 0;
  std::int64_t position = 0;
  std::optional<JobStatus> status;
};

/// A pipeline with what its status follows from, all of one snapshot.
struct PipelineState {
  std::int64_t id = 0;
  std::int64_t lock_version = 0;
  std::optional<JobStatus> status;
  std::optional<Timestamp> started_at;
  Timestamp now{};  ///< the database's, UTC
  std::vector<Stage> stages;
  std::vector<LatestJob> jobs;
};

/// A stage's new status, written if its lock_version is still as it was read.
struct StageChange {
  std::int64_t id = 0;
  std::int64_t pipeline_id = 0;
  std::int64_t lock_version = 0;
  JobStatus status{};
};

/// The same for a pipeline.
struct PipelineChange {
  std::int64_t id = 0;
  std::int64_t lock_version = 0;
  JobStatus status{};
  std::optional<std::int64_t> duration;  ///< seconds; nothing: as it was
};

/// A job that was counted, to be marked so.
struct CountedJob {
  std::int64_t id = 0;
  std::int64_t pipeline_id = 0;
  std::int64_t lock_version = 0;
};

struct StatusChanges {
  std::vector<StageChange> stages;
  std::vector<PipelineChange> pipelines;
  std::vector<CountedJob> jobs;  ///< those that are not processed yet
};

/// The statements behind the status of stages and pipelines.  Both are one
/// transaction and one round trip, and may be called from several threads at
/// once.
class PipelineStatuses {
 public:
  PipelineStatuses(Pool& pool, const Catalog& catalog);

  /// Pipelines with their stages and latest jobs; one that is gone is left out.
  /// \throws Error, Unreachable
  [[nodiscard]] std::vector<PipelineState> read(
      const Session& session, const std::vector<std::int64_t>& pipelines) const;

  /// Write statuses, by the columns of gitlab-rails' state machines (E21 to
  /// E26): updated_at, lock_version, finished_at, duration, started_at, and the
  /// ref's status.  A pipeline of which a stage or the pipeline itself has
  /// changed since it was read is left as it is, as a whole; jobs that were
  /// counted are marked processed, if they are still as they were.
  ///
  /// \return the pipelines that have to be read again: something moved.
  /// \throws Error, Unreachable
  [[nodiscard]] std::vector<std::int64_t> write(
      const Session& session, const StatusChanges& changes) const;

  [[nodiscard]] std::vector<Statement> statements() const;

 private:
  Pool& pool_;
  Query write_;
};

}  // namespace db
