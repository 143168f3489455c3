#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "telemetry/deadline.hpp"

namespace db {

/// Who wants to use a session passes here, before and after.  With a limit, so
/// many at most are at work at once, and after each it rests, so that together
/// they are at work for no more than that share of the time.
///
/// May be used from several threads at once.
class Gate {
 public:
  using Clock = std::chrono::steady_clock;
  /// A statement that took long is not paid for in full.
  static constexpr std::chrono::seconds longest_rest{1};
  /// Nobody waits longer, whoever is in his way.
  static constexpr std::chrono::seconds longest_wait{10};

  /// \param percent of a session's time: 50 is one at work half of the time,
  ///                200 two all the time; 0 is no limit.
  void limit(std::int64_t percent);

  /// Return when there may be one more at work, or once \a stop is true or
  /// \a deadline has passed.
  /// \return when that was.
  Clock::time_point enter(const std::atomic<bool>& stop,
                          const telemetry::Deadline& deadline = {});
  /// \param entered what enter() has returned.
  void leave(Clock::time_point entered);

  /// How long this thread has waited at gates so far: to be taken off the time
  /// that a statement took.
  static Clock::duration waited();

 private:
  [[nodiscard]] bool is_open(Clock::time_point now) const;

  std::mutex mutex_;
  std::condition_variable left_;
  std::int64_t percent_ = 0;
  std::int64_t at_work_ = 0;
  Clock::time_point free_at_{};
};

}  // namespace db
