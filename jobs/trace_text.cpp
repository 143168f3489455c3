#include "jobs/trace_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace jobs {

TraceWorth worth_of(std::span<const ChunkExtent> chunks) {
  std::int64_t bytes = 0;
  bool has_gaps = false;
  bool is_gone = false;
  std::int64_t next = 0;
  for (const ChunkExtent& chunk : chunks) {
    const bool is_last = &chunk == &chunks.back();
    const std::int64_t length = chunk.length.value_or(0);
    bytes += length;
    is_gone = is_gone || !chunk.length;
    has_gaps = has_gaps || chunk.index != next || !chunk.length ||
               (!is_last && length < chunk_size);
    next = chunk.index + 1;
  }
  if (bytes == 0)
    return is_gone ? TraceWorth::lost : TraceWorth::empty;
  return has_gaps ? TraceWorth::gaps : TraceWorth::whole;
}

void TraceWriter::add(std::int64_t index, std::string_view bytes) {
  skip_to(index);
  if (!bytes.empty()) {
    write_gap();
    sink_(bytes);
  }
  short_by_ = std::max(std::int64_t{0}, chunk_size - std::ssize(bytes));
  end_is_gone_ = false;
}

void TraceWriter::add_gone(std::int64_t index) {
  skip_to(index);
  short_by_ = chunk_size;
  end_is_gone_ = true;
}

void TraceWriter::skip_to(std::int64_t index) {
  // Nothing keeps a row's index from being below 0: there is no place for it.
  const std::int64_t skipped = std::max(std::int64_t{0}, index - at_);
  missing_ += short_by_ + skipped * chunk_size;
  short_by_ = 0;
  at_ = std::max(at_, index + 1);
}

void TraceWriter::end() {
  // Of the last chunk nobody knows how long it was.
  write_gap();
  if (end_is_gone_)
    sink_(
        fmt::format("\n[ci-janitor: the end of this trace is missing, up to "
                    "{} bytes]\n",
                    chunk_size));
}

void TraceWriter::write_gap() {
  if (missing_ == 0)
    return;
  sink_(fmt::format("\n[ci-janitor: {} bytes of this trace are missing here]\n",
                    missing_));
  missing_ = 0;
}

}  // namespace jobs
