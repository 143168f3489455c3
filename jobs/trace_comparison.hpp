#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "db/traces.hpp"
#include "stores/store.hpp"

namespace jobs {

/// Compares an archived trace, which comes in pieces, with the chunks that
/// should be in it, each read when its place has come.
class TraceComparison {
 public:
  /// Hands the bytes of a chunk to the sink.
  using Read = std::function<void(const db::Chunk&, const stores::ByteSink&)>;

  /// \param chunks by index; they outlive this.
  TraceComparison(Read read, std::span<const db::Chunk> chunks)
      : read_(std::move(read)), chunks_(chunks) {}

  /// The next piece of the archive.
  void add(std::string_view bytes);
  /// \return whether every chunk was in its place.
  bool end();

 private:
  [[nodiscard]] std::size_t room() const;
  void close_window();

  const Read read_;
  std::span<const db::Chunk> chunks_;  ///< whose place has not come yet
  std::string window_;                 ///< a chunk's place, as far as it came
  std::int64_t index_ = 0;
  bool equal_ = true;
};

}  // namespace jobs
