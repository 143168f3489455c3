#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "db/job_status.hpp"
#include "db/seed_session.hpp"
#include "db/traces.hpp"
#include "telemetry/timestamp.hpp"

namespace db {

/// A job as it is made in every pipeline of its shape.
struct SeedJob {
  JobStatus status{};
  std::string type = "Ci::Build";
  int stage = 0;
  bool allow_failure = false;
  bool retried = false;
  bool dropped_before = false;  ///< by an earlier run, a day ago
  bool uses_resource = false;  ///< of its turn's group: waits for it, or has it
};

struct SeedStage {
  int position = 0;
  JobStatus status{};
};

/// A pipeline with all that is in it.
struct SeedShape {
  JobStatus status{};
  std::vector<SeedStage> stages;
  std::vector<SeedJob> jobs;
};

/// How many bytes each chunk of a live trace has, by its index; nothing where
/// there is no such chunk.
using SeedTrace = std::vector<std::optional<std::int64_t>>;

/// Users, the first of them blocked, and their pipelines: each user so many in
/// a row, which take the shapes in turn.  A turn of all shapes has a project, a
/// ref and a resource group.
///
/// Every running Ci::Build, and every job dropped before, may have a live
/// trace: they are numbered by id, and those whose number `trace_every` divides
/// take the traces in turn.
struct SeedJobsPlan {
  std::int64_t random_seed = 1;
  std::int64_t projects = 1;  ///< there are so many
  std::int64_t blocked_users = 0;
  std::vector<std::string> other_users;  ///< the state of each
  std::int64_t pipelines_per_user = 0;
  std::vector<SeedShape> shapes;
  std::vector<SeedTrace> traces;
  std::int64_t trace_every = 1;
  /// Where the bytes of a trace are: its number goes through these in turn.
  std::vector<ChunkStore> chunk_stores{ChunkStore::database};

  [[nodiscard]] std::int64_t users() const {
    return blocked_users + std::ssize(other_users);
  }
  [[nodiscard]] std::int64_t pipelines() const {
    return users() * pipelines_per_user;
  }
};

/// A chunk of which the database has the row, and another store is to have the
/// bytes.
struct SeedChunk {
  ChunkStore store{};
  std::int64_t build_id = 0;
  std::int64_t index = 0;
  std::string bytes;
};

/// Fills the tables of db/schema_builds.sql, in the transaction of a
/// SeedDatabase, after its fill().  Everything throws Error.
class SeedJobs {
 public:
  /// \param base the moment that all times are relative to
  SeedJobs(SeedSession& session, telemetry::Timestamp base)
      : session_(session), base_(base) {}

  /// \pre the plan has shapes and traces
  void fill(const SeedJobsPlan& plan);

  /// Begin to read what is to be put elsewhere; \pre fill().
  void open_chunks();
  /// \return the next few megabytes; none at the end.
  std::vector<SeedChunk> next_chunks();

 private:
  void describe(const SeedJobsPlan& plan);
  void insert_people(const SeedJobsPlan& plan);
  void insert_pipelines(const SeedJobsPlan& plan);
  void insert_jobs(const SeedJobsPlan& plan);
  void insert_chunks(const SeedJobsPlan& plan);

  SeedSession& session_;
  telemetry::Timestamp base_;
};

}  // namespace db
