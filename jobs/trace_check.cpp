#include "jobs/trace_check.hpp"

#include "jobs/trace_comparison.hpp"
#include "stores/digest.hpp"

#include <limits>

namespace jobs {
namespace {

/// Chunks that have bytes to read.
std::vector<db::Chunk> present(const Trace& trace) {
  std::vector<db::Chunk> chunks;
  for (std::size_t i = 0; i < trace.chunks.size(); ++i)
    if (trace.extents[i].length)
      chunks.push_back(trace.chunks[i]);
  return chunks;
}

/// So that what was read can be forgotten, and nothing else.
void note_read(const ChunkReader& reader, Trace& trace, const db::Chunk& chunk,
               std::string_view bytes) {
  if (reader.bucket_of(chunk) != nullptr)
    trace.objects.push_back({chunk_object(chunk), std::ssize(bytes)});
  if (stores::Redis* const redis = reader.redis_of(chunk))
    trace.values[redis].push_back(stores::Redis::same(chunk_key(chunk), bytes));
}

}  // namespace

void write_trace(const ChunkReader& reader, Trace& trace,
                 const stores::ByteSink& sink) {
  trace.values.clear();
  trace.objects.clear();
  TraceWriter writer(sink);
  std::size_t at = 0;
  const auto skip_gone = [&](std::int64_t before) {
    for (; at < trace.extents.size() && trace.extents[at].index < before; ++at)
      if (!trace.extents[at].length)
        writer.add_gone(trace.extents[at].index);
  };
  reader.read(present(trace),
              [&](const db::Chunk& chunk, std::string_view bytes) {
                if (trace.lease != nullptr && !trace.lease->renew())
                  throw ChunkMoved();
                skip_gone(chunk.index);
                writer.add(chunk.index, bytes);
                note_read(reader, trace, chunk, bytes);
              });
  skip_gone(std::numeric_limits<std::int64_t>::max());
  writer.end();
}

bool holds_all_chunks(const ChunkReader& reader, stores::Store& store,
                      Trace& trace) {
  stores::Digest of_chunks("SHA256");
  write_trace(reader, trace,
              [&](std::string_view bytes) { of_chunks.update(bytes); });

  const std::vector<db::Chunk> chunks = present(trace);
  stores::Digest of_object("SHA256");
  TraceComparison comparison(
      [&](const db::Chunk& chunk, const stores::ByteSink& sink) {
        reader.read({&chunk, 1}, [&](const db::Chunk&, std::string_view bytes) {
          sink(bytes);
        });
      },
      chunks);
  if (!store.get(key_of(trace), [&](std::string_view bytes) {
        of_object.update(bytes);
        comparison.add(bytes);
      }))
    return false;
  const bool all_there = comparison.end();
  const std::string stored = of_object.hex();
  // With gaps the chunks are not in their places, but all of them together
  // make the same text.
  return stored == trace.artifact->sha256 &&
         (all_there || of_chunks.hex() == stored);
}

}  // namespace jobs
