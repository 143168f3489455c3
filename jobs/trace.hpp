#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "db/traces.hpp"
#include "jobs/context.hpp"
#include "jobs/trace_lease.hpp"
#include "jobs/trace_text.hpp"
#include "stores/object_key.hpp"
#include "stores/redis.hpp"

namespace jobs {

/// A chunk in object storage, as it was read.
struct ReadObject {
  stores::ObjectKey key;
  std::int64_t size = 0;
};

/// One build's trace on its way into an archive.
struct Trace {
  std::int64_t build_id = 0;
  std::int64_t project_id = 0;
  std::int64_t partition_id = 0;
  std::vector<db::Chunk> chunks;
  std::vector<ChunkExtent> extents;  ///< of the chunks, in the same order
  std::optional<db::TraceArtifact> artifact;
  /// What was read of Redis, by server: to be forgotten if it still is so.
  std::map<stores::Redis*, std::vector<stores::Redis::Same>> values;
  /// What was read of object storage: to be removed if it still is as long.
  std::vector<ReadObject> objects;
  std::int64_t size = 0;        ///< bytes of the archive
  TraceLease* lease = nullptr;  ///< of the batch
};

using Traces = std::vector<Trace>;

/// The key of an archived trace; it must have its row.
stores::ObjectKey key_of(const Trace& trace);

db::Located located_builds(const Traces& traces);
std::vector<db::Chunk> chunks_of(const Traces& traces);

/// Name a trace that can't be dealt with, by its first chunk, which stands as
/// long as the reason does.
///
/// \return false if it was named already.
bool trace_problem(Context& context, const Trace& trace,
                   const std::string& reason);

}  // namespace jobs
