#include "jobs/trace_forgetter.hpp"

#include "db/retry.hpp"
#include "telemetry/fault_point.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

namespace jobs {
namespace {

using telemetry::Pass;

bool is_in_redis(const db::Chunk& chunk) {
  const auto is = [&](db::ChunkStore store) {
    return chunk.data_store == static_cast<std::int64_t>(store);
  };
  return is(db::ChunkStore::shared_state) || is(db::ChunkStore::trace_chunks);
}

/// Of all traces in one flush a server.
///
/// \return the builds of which a key was left.
std::set<std::int64_t> remove_values(const Traces& traces) {
  std::map<stores::Redis*, std::vector<stores::Redis::Same>> values;
  std::map<stores::Redis*, std::vector<std::int64_t>> builds;
  for (const Trace& trace : traces)
    for (const auto& [redis, some] : trace.values) {
      std::ranges::copy(some, std::back_inserter(values[redis]));
      builds[redis].insert(builds[redis].end(), some.size(), trace.build_id);
    }
  std::set<std::int64_t> left;
  for (const auto& [redis, all] : values) {
    const std::vector<bool> removed = redis->remove_if_same(all);
    for (std::size_t i = 0; i < removed.size(); ++i)
      if (!removed[i])
        left.insert(builds[redis][i]);
  }
  return left;
}

}  // namespace

void forget_chunks(Context& context, Traces& traces) {
  const std::set<std::int64_t> left = remove_values(traces);
  for (Trace& trace : traces) {
    if (!left.contains(trace.build_id))
      continue;
    trace_problem(context, trace,
                  fmt::format("bytes were added to the trace of job {} after "
                              "it was archived; they are kept in Redis",
                              trace.build_id));
    std::erase_if(trace.chunks, is_in_redis);
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
