#include "jobs/trace_loader.hpp"

#include "db/retry.hpp"
#include "telemetry/fault_point.hpp"

#include <algorithm>
#include <iterator>
#include <map>

namespace jobs {
namespace {

using telemetry::Pass;
using ByBuild = std::map<std::int64_t, std::vector<db::Chunk>>;

ByBuild read_chunks(const Context& context,
                    const std::vector<std::int64_t>& builds) {
  ByBuild chunks;
  if (builds.empty())
    return chunks;
  const db::Session session = context.reading(Pass::traces).without_deadline();
  for (const db::Chunk& chunk :
       db::with_retry([&] { return context.traces.chunks(session, builds); }))
    chunks[chunk.build_id].push_back(chunk);
  return chunks;
}

void load_rows(const Context& context, Traces& traces) {
  const db::Session session = context.reading(Pass::traces).without_deadline();
  const db::Located builds = located_builds(traces);
  ByBuild chunks = read_chunks(context, builds.ids);
  std::map<std::int64_t, db::TraceArtifact> artifacts;
  for (const db::TraceArtifact& row : db::with_retry(
           [&] { return context.traces.artifacts(session, builds); }))
    artifacts.emplace(row.job_id, row);
  for (Trace& trace : traces) {
    trace.chunks = std::move(chunks[trace.build_id]);
    trace.values.clear();
    trace.objects.clear();
    const auto artifact = artifacts.find(trace.build_id);
    trace.artifact.reset();
    if (artifact != artifacts.end())
      trace.artifact = artifact->second;
  }
}

bool is_in_reach(const ChunkReader& reader, const Trace& trace) {
  return std::ranges::none_of(trace.chunks, [&](const db::Chunk& chunk) {
    return reader.out_of_reach(chunk).has_value();
  });
}

/// Of all traces in one flush a server.
void load_extents(const ChunkReader& reader, Traces& traces) {
  std::vector<db::Chunk> chunks;
  for (const Trace& trace : traces)
    if (is_in_reach(reader, trace))
      std::ranges::copy(trace.chunks, std::back_inserter(chunks));
  const std::vector<ChunkExtent> extents = reader.extents(chunks);
  auto next = extents.begin();
  for (Trace& trace : traces) {
    trace.extents.clear();
    if (!is_in_reach(reader, trace))
      continue;
    const auto end = next + std::ssize(trace.chunks);
    trace.extents.assign(next, end);
    next = end;
  }
}

bool misses_a_chunk(const Trace& trace) {
  return std::ranges::any_of(trace.extents, [](const ChunkExtent& extent) {
    return !extent.length.has_value();
  });
}

bool are_the_same(const std::vector<db::Chunk>& a,
                  const std::vector<db::Chunk>& b) {
  return std::ranges::equal(a, b, [](const auto& left, const auto& right) {
    return left.id == right.id && left.lock_version == right.lock_version &&
           left.data_store == right.data_store;
  });
}

}  // namespace

Traces load_traces(const Context& context, const ChunkReader& reader,
                   Traces& traces) {
  load_rows(context, traces);
  telemetry::fault_point("traces.chunks_read");
  load_extents(reader, traces);

  std::vector<std::int64_t> doubtful;
  for (const Trace& trace : traces)
    if (misses_a_chunk(trace))
      doubtful.push_back(trace.build_id);
  const ByBuild now = read_chunks(context, doubtful);
  Traces moved;
  std::erase_if(traces, [&](Trace& trace) {
    const auto found = now.find(trace.build_id);
    if (!misses_a_chunk(trace) ||
        (found != now.end() && are_the_same(found->second, trace.chunks)))
      return false;
    moved.push_back(std::move(trace));
    return true;
  });
  return moved;
}

}  // namespace jobs
