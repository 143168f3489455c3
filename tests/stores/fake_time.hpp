#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <vector>

#include "stores/backoff.hpp"

namespace tests {

/// Time in which nothing passes but what is slept, at once, and chance that is
/// always the same.  Outlives what has its timing().
///
/// May be used from several threads; set what is public before.
class FakeTime {
 public:
  using Milliseconds = std::chrono::milliseconds;

  explicit FakeTime(double chance = 0.5) : chance_(chance) {}

  stores::Timing timing() {
    return {[this] { return now(); }, [this] { return chance_; },
            [this](Milliseconds duration, const std::atomic<bool>& stop) {
              sleep(duration, stop);
            }};
  }

  void pass(Milliseconds duration) {
    const std::lock_guard lock(mutex_);
    now_ += duration;
  }

  /// All that was slept, also if it was cut short.
  [[nodiscard]] std::vector<Milliseconds> sleeps() const {
    const std::lock_guard lock(mutex_);
    return sleeps_;
  }

  /// How often somebody asked for the time.
  [[nodiscard]] int looks() const { return looks_; }

  /// Run when somebody begins to sleep, without a lock held.
  std::function<void()> before_sleep = [] {};

 private:
  stores::Timing::Now now() const {
    ++looks_;
    const std::lock_guard lock(mutex_);
    return now_;
  }

  void sleep(Milliseconds duration, const std::atomic<bool>& stop) {
    before_sleep();
    const std::lock_guard lock(mutex_);
    sleeps_.push_back(duration);
    if (!stop)
      now_ += duration;
  }

  const double chance_;
  mutable std::atomic<int> looks_ = 0;
  mutable std::mutex mutex_;
  stores::Timing::Now now_{};
  std::vector<Milliseconds> sleeps_;
};

}  // namespace tests
