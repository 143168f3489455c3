#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/support/traces_world.hpp"

namespace tests {

/// What a live GitLab does to live traces, step by step, as its sources have
/// it; each list is of steps that may be parted by whatever others do.
class TraceGitlab {
 public:
  using Steps = std::vector<std::function<void()>>;

  explicit TraceGitlab(TracesWorld& world) : world_(world) {}

  /// Ci::BuildTraceChunkFlushWorker: a chunk of Redis moves into its row.
  Steps flush(std::int64_t job, int index);
  /// Ci::ArchiveTraceService, without the lock.  It leaves off where it finds
  /// an archive, and where a step of it fails.
  Steps archive(std::int64_t job);
  /// The same as it is: nothing where somebody holds the lock.
  ///
  /// \return whether it could take the lock.
  bool archive_under_lock(std::int64_t job);
  /// A runner sends more: to the end of the last chunk, in Redis, and into as
  /// many new ones as it takes.  Kept in TracesWorld::texts.
  ///
  /// \return false if GitLab refuses them: the last chunk is not as long as the
  ///         runner knows it ("Offset is out of range").
  bool append(std::int64_t job, const std::string& bytes);

  /// A trace's row with its file and what it holds, as GitLab makes them.
  std::int64_t insert_archive(std::int64_t job, const std::string& text);
  void store_archive(std::int64_t job, const std::string& text);
  /// The row alone, which an archiver left that died.
  std::int64_t insert_row_without_file(std::int64_t job,
                                       const std::string& created_at = "now()");
  /// Where the object of the job's row has its place below the store's root.
  std::string path(std::int64_t job);

 private:
  void move_into_row(std::int64_t job, int index);
  void forget_chunks(std::int64_t job);

  TracesWorld& world_;
};

}  // namespace tests
