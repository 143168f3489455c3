#pragma once

#include <map>

#include "jobs/chunk_reader.hpp"
#include "jobs/trace.hpp"
#include "stores/redis_watch.hpp"

namespace jobs {

/// What is in Redis of some traces, watched from before it is read: where
/// nobody changed any of it meanwhile, all goes at once.
class TraceWatch {
 public:
  TraceWatch(const ChunkReader& reader, const Traces& traces);

  /// \return whether these keys are gone; if not, each must be looked at.
  bool remove(stores::Redis& redis, std::span<const std::string> keys);

 private:
  std::map<stores::Redis*, stores::RedisWatch> watches_;
};

/// Forget the chunks of traces whose archive is complete, or that never had a
/// byte.  Redis and object storage first: a key goes only if it still is what
/// was read, an object only if it is as long, so that bytes added meanwhile
/// keep their row, and are named.  Then the rows, likewise.
///
/// \throws db::Error, stores::StoreError; StandbysBehind before anything is
///         forgotten, and the next run finds the archive complete.
void forget_chunks(Context& context, Traces& traces, TraceWatch& watch);

}  // namespace jobs
