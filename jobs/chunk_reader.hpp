#pragma once

#include <functional>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "db/traces.hpp"
#include "jobs/context.hpp"
#include "jobs/trace_text.hpp"

namespace jobs {

/// A chunk that was there a moment ago is not, or is somewhere else: GitLab
/// moves chunks while we read.  Look at the rows again.
class ChunkMoved : public std::runtime_error {
 public:
  ChunkMoved() : std::runtime_error("a chunk moved while it was read") {}
};

/// Whether its row says that a chunk is there.
bool is_in(const db::Chunk& chunk, db::ChunkStore store);
/// Where the bytes of a chunk are in Redis: GitLab's key.
std::string chunk_key(const db::Chunk& chunk);
/// Where they are in object storage, without a prefix (E20 to E26).
stores::ObjectKey chunk_object(const db::Chunk& chunk);

/// Reads trace chunks wherever they are.  May be used from several threads at
/// once.
class ChunkReader {
 public:
  using Sink = std::function<void(const db::Chunk&, std::string_view)>;

  explicit ChunkReader(const Context& context) : context_(context) {}

  /// The server that holds \a chunk, or null if it is elsewhere or the server
  /// was not given.
  [[nodiscard]] stores::Redis* redis_of(const db::Chunk& chunk) const;
  /// The same for a chunk in object storage.
  [[nodiscard]] stores::Store* bucket_of(const db::Chunk& chunk) const;

  /// Why \a chunk can't be reached, and what to do; nothing if it can.
  [[nodiscard]] std::optional<std::string> out_of_reach(
      const db::Chunk& chunk) const;

  /// How long these are; all must be in reach.
  ///
  /// \throws stores::StoreError
  [[nodiscard]] std::vector<ChunkExtent> extents(
      std::span<const db::Chunk> chunks) const;

  /// Their bytes, in order, a mebibyte in memory at a time.
  ///
  /// \throws ChunkMoved, db::Error, stores::StoreError, stores::ObjectError
  void read(std::span<const db::Chunk> chunks, const Sink& sink) const;

 private:
  void measure_redis(std::span<const db::Chunk> chunks,
                     std::vector<ChunkExtent>& extents) const;
  void fetch_redis(std::span<const db::Chunk> page,
                   std::vector<std::string>& bytes) const;
  void fetch_objects(std::span<const db::Chunk> page,
                     std::vector<std::string>& bytes) const;
  void fetch_database(std::span<const db::Chunk> page,
                      std::vector<std::string>& bytes) const;

  const Context& context_;
};

}  // namespace jobs
