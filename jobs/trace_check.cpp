#include "jobs/trace_check.hpp"

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

/// Compares an object that comes in pieces with the chunks that should be in
/// it, each read when its place has come.
class Comparison {
 public:
  Comparison(const ChunkReader& reader, const std::vector<db::Chunk>& chunks)
      : reader_(reader), next_(chunks.begin()), end_(chunks.end()) {}

  void add(std::string_view bytes) {
    while (!bytes.empty()) {
      const std::string_view part = bytes.substr(0, room());
      window_ += part;
      bytes.remove_prefix(part.size());
      if (room() == 0)
        close_window();
    }
  }

  /// \return whether every chunk was there.
  bool end() {
    close_window();
    return equal_ && next_ == end_;
  }

 private:
  [[nodiscard]] std::size_t room() const {
    return static_cast<std::size_t>(chunk_size) - window_.size();
  }

  void close_window() {
    if (next_ != end_ && next_->index == index_) {
      reader_.read({&*next_, 1}, [&](const db::Chunk&, std::string_view bytes) {
        equal_ = equal_ && window_.starts_with(bytes);
      });
      ++next_;
    }
    window_.clear();
    ++index_;
  }

  const ChunkReader& reader_;
  std::vector<db::Chunk>::const_iterator next_;
  std::vector<db::Chunk>::const_iterator end_;
  std::string window_;
  std::int64_t index_ = 0;
  bool equal_ = true;
};

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
  Comparison comparison(reader, chunks);
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
