#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "db/job_status.hpp"
#include "db/located.hpp"
#include "db/pool.hpp"
#include "db/statement.hpp"

namespace db {

using telemetry::Timestamp;

/// What lock_version is called where the row has none; GitLab's start at 0.
inline constexpr std::int64_t no_lock_version = -1;

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

/// Pipelines with their stages and latest jobs, all of one snapshot; one that
/// is gone is left out.  May be called from several threads at once.
///
/// \throws Error, Unreachable
std::vector<PipelineState> read_pipelines(Pool& pool, const Session& session,
                                          const Located& pipelines);

std::vector<Statement> status_statements();

}  // namespace db
