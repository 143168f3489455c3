#include "telemetry/past_lines.hpp"

#include "telemetry/metric_families.hpp"

#include <algorithm>
#include <stdexcept>

namespace telemetry {
namespace {

constexpr std::size_t longest_past = std::size_t{4} << 20;
/// Ours have 300 bytes at most.  One more than that is kept of a longer line,
/// so that it is seen to be too long.
constexpr std::size_t longest_line = 4096;

}  // namespace

void PastLines::take(std::string_view bytes) {
  while (true) {
    const std::size_t end = bytes.find('\n');
    take_part(bytes.substr(0, end));
    if (end == std::string_view::npos)
      return;
    end_line();
    bytes.remove_prefix(end + 1);
  }
}

void PastLines::take_part(std::string_view part) {
  line_ += part.substr(0, longest_line + 1 - line_.size());
}

void PastLines::end_line() {
  if (line_.size() <= longest_line && is_past(line_, labels_)) {
    if (text_.size() + line_.size() >= longest_past)
      throw std::runtime_error("it has over 4 MiB of our own metrics");
    text_ += line_;
    text_ += '\n';
  }
  line_.clear();
}

}  // namespace telemetry
