#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>

namespace jobs {

/// How many rows the next statement of a kind may concern, by how long those
/// before it took: additive increase, multiplicative decrease.
///
/// One statement above the target takes a fifth off, each within it adds a
/// five-hundredth of the most: where one in a hundred is above it the size
/// stays, so that the target is kept at p99.  Within half of the target each
/// adds ten times that, so that what a slow start took is back after 50
/// statements, not after 500.  One that took four times the target halves it.
/// Never below a tenth of the most, nor below a hundred: what a statement costs
/// by itself would outweigh its rows.  Another target is aimed at from the next
/// statement on.
///
/// May be used from several threads at once; a step may then get lost, which
/// the next makes up for.
class AdaptiveSize {
 public:
  using Duration = std::chrono::steady_clock::duration;
  static constexpr std::chrono::milliseconds target{50};

  /// \param most the option's; the size to begin with.
  explicit AdaptiveSize(std::int64_t most)
      : most_(std::max<std::int64_t>(1, most)),
        size_(static_cast<double>(most_)) {}

  [[nodiscard]] std::int64_t size() const {
    return std::clamp(static_cast<std::int64_t>(size_.load()), least(), most_);
  }

  /// Statements that take this long, from now on: a lower one takes its part of
  /// the size at once, a higher one gives back all of it.
  void aim(Duration goal) {
    const Duration before = target_.exchange(goal);
    if (goal < before)
      size_ = size_ * static_cast<double>(goal.count()) /
              static_cast<double>(before.count());
    else if (goal > before)
      size_ = static_cast<double>(most_);
  }

  /// A statement took so long.
  void took(Duration duration) {
    const double now = size_;
    const auto most = static_cast<double>(most_);
    const Duration aimed_at = target_;
    double next = now + most / (duration < aimed_at / 2 ? 50 : 500);
    if (duration > 4 * aimed_at)
      next = now / 2;
    else if (duration > aimed_at)
      next = now * 4 / 5;
    size_ = std::clamp(next, static_cast<double>(least()), most);
  }

 private:
  [[nodiscard]] std::int64_t least() const {
    return std::min(most_, std::max<std::int64_t>(100, most_ / 10));
  }

  std::int64_t most_;
  std::atomic<double> size_;
  std::atomic<Duration> target_{target};
};

}  // namespace jobs
