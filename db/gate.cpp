#include "db/gate.hpp"

#include <algorithm>

namespace db {
namespace {

thread_local Gate::Clock::duration waited_here{};

}  // namespace

Gate::Clock::duration Gate::waited() {
  return waited_here;
}

void Gate::limit(std::int64_t percent) {
  const std::lock_guard lock(mutex_);
  percent_ = percent;
  left_.notify_all();
}

bool Gate::is_open(Clock::time_point now) const {
  return percent_ == 0 || (at_work_ < (percent_ + 99) / 100 && now >= free_at_);
}

Gate::Clock::time_point Gate::enter(const std::atomic<bool>& stop,
                                    const telemetry::Deadline& deadline) {
  constexpr std::chrono::milliseconds at_a_time{50};
  const Clock::time_point came = Clock::now();
  std::unique_lock lock(mutex_);
  Clock::time_point now = came;
  while (!is_open(now) && !stop && !deadline.passed() &&
         now < came + longest_wait) {
    const bool rests = free_at_ > now;
    left_.wait_until(
        lock, rests ? std::min(free_at_, now + at_a_time) : now + at_a_time);
    now = Clock::now();
  }
  ++at_work_;
  waited_here += now - came;
  return now;
}

/// Rests count from when the first began, so that they are the same whether one
/// or two were at work.
void Gate::leave(Clock::time_point entered) {
  const std::lock_guard lock(mutex_);
  --at_work_;
  if (percent_ > 0) {
    const Clock::time_point now = Clock::now();
    free_at_ =
        std::min(std::max(free_at_, entered) + (now - entered) * 100 / percent_,
                 now + longest_rest);
  }
  left_.notify_all();
}

}  // namespace db
