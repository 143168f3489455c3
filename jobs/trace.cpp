#include "jobs/trace.hpp"

#include <algorithm>
#include <iterator>

namespace jobs {

stores::ObjectKey key_of(const Trace& trace) {
  return stores::trace_key(trace.project_id, trace.artifact->created_at,
                           trace.build_id, trace.artifact->id);
}

db::Located located_builds(const Traces& traces) {
  db::Located builds;
  for (const Trace& trace : traces)
    builds.add(trace.build_id, trace.partition_id);
  return builds;
}

std::vector<db::Chunk> chunks_of(const Traces& traces) {
  std::vector<db::Chunk> chunks;
  for (const Trace& trace : traces)
    std::ranges::copy(trace.chunks, std::back_inserter(chunks));
  return chunks;
}

bool trace_problem(Context& context, const Trace& trace,
                   const std::string& reason) {
  return context.report.problem(
      {telemetry::Pass::traces, "ci_build_trace_chunks",
       trace.chunks.empty() ? trace.build_id : trace.chunks.front().id,
       reason});
}

}  // namespace jobs
