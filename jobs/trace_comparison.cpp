#include "jobs/trace_comparison.hpp"

#include "jobs/trace_text.hpp"

namespace jobs {

std::size_t TraceComparison::room() const {
  return static_cast<std::size_t>(chunk_size) - window_.size();
}

void TraceComparison::add(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view part = bytes.substr(0, room());
    window_ += part;
    bytes.remove_prefix(part.size());
    if (room() == 0)
      close_window();
  }
}

bool TraceComparison::end() {
  close_window();
  return equal_ && chunks_.empty();
}

void TraceComparison::close_window() {
  if (!chunks_.empty() && chunks_.front().index == index_) {
    read_(chunks_.front(), [this](std::string_view bytes) {
      equal_ = equal_ && window_.starts_with(bytes);
    });
    chunks_ = chunks_.subspan(1);
  }
  window_.clear();
  ++index_;
}

}  // namespace jobs
