#pragma once

#include <algorithm>
#include <chrono>

#include "telemetry/deadline.hpp"

namespace jobs {

/// The time of a run, shared between its passes: half of it is kept for them in
/// equal parts, the other half is for who comes first.  So a pass that is slow
/// ends where the parts kept for those after it begin, and what a pass does not
/// use flows on to those after it.
class FairShares {
 public:
  /// \param whole of the run
  /// \param passes how many there are to share it
  FairShares(const telemetry::Deadline& whole, std::size_t passes)
      : whole_(whole) {
    if (const auto left = whole.left(); left && passes > 0)
      part_ = *left / (2 * static_cast<std::int64_t>(passes));
  }

  /// When a pass has to end that has \a after it that many.
  [[nodiscard]] telemetry::Deadline before(std::size_t after) const {
    const auto left = whole_.left();
    const auto kept = part_ * static_cast<std::int64_t>(after);
    if (!left || after == 0)
      return whole_;
    // Never 0, which would be no deadline at all.
    return telemetry::Deadline(
        std::max(*left - kept, std::chrono::milliseconds{1}));
  }

  [[nodiscard]] const telemetry::Deadline& whole() const { return whole_; }

 private:
  telemetry::Deadline whole_;
  std::chrono::milliseconds part_{0};
};

}  // namespace jobs
