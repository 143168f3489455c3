#include "jobs/trace_forgetter.hpp"

#include "db/retry.hpp"
#include "jobs/standby_wait.hpp"
#include "telemetry/fault_point.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

namespace jobs {
namespace {

using telemetry::Pass;

bool is_unchanged(stores::Store& bucket, const ReadObject& object) {
  try {
    const auto status = bucket.stat(object.key);
    return !status || status->size == object.size;
  } catch (const stores::ObjectError&) {
    return false;
  }
}

/// Those of a trace's objects that are as they were read, or gone.
///
/// \return whether all of them are.
bool add_unchanged(stores::Store& bucket, const Trace& trace,
                   std::vector<stores::ObjectKey>& unchanged) {
  bool all = true;
  for (const ReadObject& object : trace.objects) {
    if (is_unchanged(bucket, object))
      unchanged.push_back(object.key);
    else
      all = false;
  }
  return all;
}

/// \return the builds of which an object was left.
std::set<std::int64_t> remove_objects(const Context& context,
                                      const Traces& traces) {
  std::set<std::int64_t> left;
  std::vector<stores::ObjectKey> keys;
  std::vector<std::int64_t> builds;
  for (const Trace& trace : traces) {
    if (trace.objects.empty())
      continue;
    if (!add_unchanged(*context.stores.chunks(), trace, keys))
      left.insert(trace.build_id);
    builds.resize(keys.size(), trace.build_id);
  }
  if (!keys.empty())
    for (const stores::KeyReason& refused :
         context.stores.chunks()->remove(keys).left)
      left.insert(builds[refused.index]);
  return left;
}

std::vector<std::string> keys_of(
    const std::vector<stores::Redis::Same>& values) {
  std::vector<std::string> keys;
  for (const stores::Redis::Same& value : values)
    keys.push_back(value.key);
  return keys;
}

/// Of all traces in one flush a server.
///
/// \return the builds of which a key was left.
std::set<std::int64_t> remove_values(const Traces& traces, TraceWatch& watch) {
  std::map<stores::Redis*, std::vector<stores::Redis::Same>> values;
  std::map<stores::Redis*, std::vector<std::int64_t>> builds;
  for (const Trace& trace : traces)
    for (const auto& [redis, some] : trace.values) {
      std::ranges::copy(some, std::back_inserter(values[redis]));
      builds[redis].insert(builds[redis].end(), some.size(), trace.build_id);
    }
  std::set<std::int64_t> left;
  for (const auto& [redis, all] : values) {
    if (watch.remove(*redis, keys_of(all)))
      continue;
    const std::vector<bool> removed = redis->remove_if_same(all);
    for (std::size_t i = 0; i < removed.size(); ++i)
      if (!removed[i])
        left.insert(builds[redis][i]);
  }
  return left;
}

}  // namespace

TraceWatch::TraceWatch(const ChunkReader& reader, const Traces& traces) {
  std::map<stores::Redis*, std::vector<std::string>> keys;
  for (const Trace& trace : traces)
    for (const db::Chunk& chunk : trace.chunks)
      if (stores::Redis* const redis = reader.redis_of(chunk))
        keys[redis].push_back(chunk_key(chunk));
  for (const auto& [redis, of_server] : keys)
    watches_.try_emplace(redis, *redis, of_server);
}

bool TraceWatch::remove(stores::Redis& redis,
                        std::span<const std::string> keys) {
  const auto watch = watches_.find(&redis);
  return watch != watches_.end() && watch->second.remove(keys);
}

void forget_chunks(Context& context, Traces& traces, TraceWatch& watch) {
  if (!traces.empty())
    await_standbys(context, Pass::traces);
  std::set<std::int64_t> left = remove_values(traces, watch);
  left.merge(remove_objects(context, traces));
  for (Trace& trace : traces) {
    if (!left.contains(trace.build_id))
      continue;
    trace_problem(context, trace,
                  fmt::format("bytes were added to the trace of job {} after "
                              "it was archived, or could not be removed; they "
                              "are kept where they are",
                              trace.build_id));
    std::erase_if(trace.chunks, [](const db::Chunk& chunk) {
      return !is_in(chunk, db::ChunkStore::database);
    });
  }
  telemetry::fault_point("traces.between_forgets");
  const std::vector<db::Chunk> chunks = chunks_of(traces);
  if (chunks.empty())
    return;
  context.report.pass(Pass::traces).chunks += db::with_retry([&] {
    return context.traces.forget(
        context.writing(Pass::traces).without_deadline(), chunks);
  });
}

}  // namespace jobs
