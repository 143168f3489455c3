#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "db/builds.hpp"
#include "db/catalog.hpp"
#include "db/pool.hpp"
#include "db/statement.hpp"

namespace db {

using telemetry::Timestamp;

/// Which live traces are to be archived.
struct TraceSelection {
  std::chrono::seconds settle{120};  ///< since the build's end
  bool stale = false;  ///< also of every build that ended over 12 hours ago
  ProjectFilter projects;
};

/// A build that has live chunks and is to be archived, now or later.
struct LiveTrace {
  std::int64_t build_id = 0;
  std::int64_t project_id = 0;
  std::int64_t partition_id = 0;        ///< 0 before 16.x
  std::chrono::milliseconds due_in{0};  ///< not above 0: now
};

/// One step of the walk over all builds that have chunks.
struct TraceWalk {
  std::vector<LiveTrace> traces;     ///< those selected, by build
  std::optional<std::int64_t> last;  ///< where to go on; nothing: at the end
};

/// Where a chunk's bytes are (ci_build_trace_chunks.data_store, E21 to E26).
enum class ChunkStore : std::uint8_t {
  shared_state = 1,  ///< Redis
  database = 2,      ///< raw_data
  object_storage = 3,
  trace_chunks = 4  ///< Redis
};

/// A row of ci_build_trace_chunks, without its bytes.
struct Chunk {
  std::int64_t id = 0;
  std::int64_t build_id = 0;
  std::int64_t index = 0;  ///< of its 128 KiB in the trace
  std::int64_t data_store = 0;
  std::int64_t lock_version = 0;
  std::optional<std::int64_t> raw_length;  ///< of raw_data; nothing: NULL
  bool was_written = false;                ///< it has a checksum
};

/// A trace's row in ci_job_artifacts (file_type 3).
struct TraceArtifact {
  std::int64_t id = 0;
  std::int64_t job_id = 0;
  Timestamp created_at{};  ///< part of the object's key
  bool has_file = false;   ///< false: nothing was stored yet
  std::int64_t file_store = 1;
  std::string sha256;  ///< hex, as GitLab writes it
};

/// An archive that is stored and was read back.
struct StoredTrace {
  std::int64_t artifact_id = 0;
  std::int64_t job_id = 0;
  std::int64_t partition_id = 0;
  std::int64_t file_store = 1;
  std::int64_t size = 0;  ///< bytes
  std::string sha256;     ///< hex
  std::string md5;        ///< hex
};

/// The statements of the traces pass.  Every method is one transaction and one
/// round trip, and may be called from several threads at once.  All throw
/// Error, Unreachable.
class Traces {
 public:
  explicit Traces(Pool& pool) : pool_(pool) {}

  /// Look at up to \a limit builds that have chunks, after \a after: by steps
  /// over the index of the chunks, never by a scan of builds.
  [[nodiscard]] TraceWalk walk(const Session& session,
                               const TraceSelection& selection,
                               std::int64_t after, std::int64_t limit) const;

  /// The chunks of \a builds, by build and index.
  [[nodiscard]] std::vector<Chunk> chunks(
      const Session& session, const std::vector<std::int64_t>& builds) const;

  /// The bytes of chunks in the database; one that is gone, or is in the
  /// database no more, is left out.
  void read(
      const Session& session, const std::vector<std::int64_t>& ids,
      const std::function<void(std::int64_t, std::string_view)>& sink) const;

  /// The trace artifacts that \a builds have already.
  [[nodiscard]] std::vector<TraceArtifact> artifacts(
      const Session& session, const Located& builds) const;

  /// The file_store of most archives among the last thousand job artifacts;
  /// nothing if there is none.
  [[nodiscard]] std::optional<std::int64_t> recent_archive_store(
      const Session& session) const;

  /// Make a row without a file for those of \a builds that are completed and
  /// have none.
  [[nodiscard]] std::vector<TraceArtifact> insert(const Session& session,
                                                  const Located& builds) const;

  /// Give rows their files and write the traces' metadata, where the row is
  /// still there without a file, and the build's chunks are all as in
  /// \a chunks.
  ///
  /// \return the jobs whose archive is complete.
  [[nodiscard]] std::vector<std::int64_t> complete(
      const Session& session, const std::vector<StoredTrace>& stored,
      const std::vector<Chunk>& chunks) const;

  /// Delete the rows of those chunks that are still as they were read, and what
  /// the runner said of builds that have no chunk left.
  ///
  /// \return how many chunks.
  [[nodiscard]] std::int64_t forget(const Session& session,
                                    const std::vector<Chunk>& chunks) const;

  [[nodiscard]] std::vector<Statement> statements() const;

 private:
  Pool& pool_;
};

}  // namespace db
