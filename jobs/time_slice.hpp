#pragma once

#include <algorithm>
#include <chrono>

#include "telemetry/timestamp.hpp"

namespace jobs {

/// Up to which moment a page looks, when looking up to the horizon takes too
/// long: the dead index entries that an earlier run left at the left edge must
/// be walked over once, and a statement that meets all of them times out.
///
/// A slice that times out is cut to an eighth (halving costs three times as
/// many timeouts), one that passes makes the next eight times as long.
class TimeSlice {
 public:
  using Timestamp = telemetry::Timestamp;

  explicit TimeSlice(Timestamp horizon) : horizon_(horizon), end_(horizon) {}

  /// Rows before this moment are looked for.
  [[nodiscard]] Timestamp end() const { return end_; }
  [[nodiscard]] bool reaches_horizon() const { return end_ == horizon_; }

  /// The slice from \a from timed out.
  /// \return false if it can't be cut any more: a slice of a millisecond.
  bool narrow(Timestamp from) {
    width_ = (end_ - begin(from)) / 8;
    end_ = begin(from) + width_;
    return width_ >= std::chrono::milliseconds{1};
  }

  /// The slice is done with: the next begins where it ended.
  void move_on() {
    width_ *= 8;
    end_ = horizon_ - end_ > width_ ? end_ + width_ : horizon_;
  }

 private:
  /// Nothing of a pipeline lives for ten years, so that a slice from -infinity
  /// is cut as if it began so long before the horizon.
  [[nodiscard]] Timestamp begin(Timestamp from) const {
    const Timestamp first = horizon_ - std::chrono::years{10};
    return std::clamp(from, std::min(first, end_), end_);
  }

  Timestamp horizon_;
  Timestamp end_;
  Timestamp::duration width_{0};
};

}  // namespace jobs
