#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "stores/store.hpp"

namespace jobs {

/// Chunk i of a trace holds its bytes from i times this on (E21 to E26).
inline constexpr std::int64_t chunk_size = 131072;

/// A chunk's place in the trace and how many bytes are there; none: its data
/// is gone.
struct ChunkExtent {
  std::int64_t index = 0;
  std::optional<std::int64_t> length;
};

/// What a trace is worth, by the extents of its chunks in order.
enum class TraceWorth {
  whole,
  gaps,   ///< a chunk missing or short in the middle, or gone
  empty,  ///< chunks, none of which ever had a byte
  lost    ///< chunks, and nothing left of them
};
TraceWorth worth_of(std::span<const ChunkExtent> chunks);

/// Writes a trace out of its chunks, with a line at every gap that says how
/// many bytes are missing.
class TraceWriter {
 public:
  /// \param sink must outlive the writer.
  explicit TraceWriter(const stores::ByteSink& sink) : sink_(sink) {}

  /// The next chunk, in the order of their indexes.
  void add(std::int64_t index, std::string_view bytes);
  /// The same for one whose data is gone.
  void add_gone(std::int64_t index);
  /// After the last chunk.
  void end();

 private:
  void skip_to(std::int64_t index);  ///< and past it
  void write_gap();

  const stores::ByteSink& sink_;
  std::int64_t at_ = 0;        ///< index of the chunk that should come next
  std::int64_t missing_ = 0;   ///< bytes, not written down yet
  std::int64_t short_by_ = 0;  ///< of the last chunk: a gap if another follows
  bool end_is_gone_ = false;
};

}  // namespace jobs
