#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <mutex>

namespace jobs {

/// Lets so many rows a second pass.  Whoever takes rows pays for them
/// afterwards: the next to come waits until they are paid for, so that in any
/// stretch of time no more pass than the rate allows, and one batch.
///
/// May be used from several threads at once.
class TokenBucket {
 public:
  using Clock = std::chrono::steady_clock;

  /// \param rate rows a second; 0: no limit.
  explicit TokenBucket(std::int64_t rate) : rate_(rate) {}

  /// Take \a rows at the moment \a now.
  /// \return when they may pass: now, or later.
  Clock::time_point take(std::int64_t rows, Clock::time_point now) {
    if (rate_ == 0)
      return now;
    const std::lock_guard lock(mutex_);
    const Clock::time_point turn = std::max(now, free_at_);
    free_at_ =
        turn + std::chrono::ceil<Clock::duration>(std::chrono::duration<double>(
                   static_cast<double>(rows) / static_cast<double>(rate_)));
    return turn;
  }

  /// How many rows to take at a time, so that they go evenly: those of a
  /// second, at most.
  [[nodiscard]] std::int64_t at_most(std::int64_t rows) const {
    return rate_ == 0 ? rows : std::min(rows, rate_);
  }

 private:
  const std::int64_t rate_;
  std::mutex mutex_;
  Clock::time_point free_at_{};
};

}  // namespace jobs
