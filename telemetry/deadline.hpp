#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

namespace telemetry {

/// When a run stops taking new work, on the steady clock; or never.
class Deadline {
 public:
  /// Never.
  Deadline() = default;
  /// That long from now; zero is never.
  explicit Deadline(std::chrono::milliseconds after) {
    if (after.count() > 0)
      at_ = std::chrono::steady_clock::now() + after;
  }

  [[nodiscard]] bool passed() const {
    return at_ && std::chrono::steady_clock::now() >= *at_;
  }

  /// How long until then, 0 where it has passed; nothing: for ever.
  [[nodiscard]] std::optional<std::chrono::milliseconds> left() const {
    using std::chrono::milliseconds;
    if (!at_)
      return std::nullopt;
    return std::max(milliseconds{0},
                    std::chrono::ceil<milliseconds>(
                        *at_ - std::chrono::steady_clock::now()));
  }

  /// \a wanted, or what is left if that is less; never below 1 ms, since
  /// PostgreSQL reads a timeout of 0 as none.
  [[nodiscard]] std::chrono::milliseconds at_most(
      std::chrono::milliseconds wanted) const {
    using std::chrono::milliseconds;
    if (!at_)
      return wanted;
    // Rounded up, so that what it cuts off is cut off after the deadline.
    const auto left = std::chrono::ceil<milliseconds>(
        *at_ - std::chrono::steady_clock::now());
    return std::clamp(left, milliseconds{1}, std::max(wanted, milliseconds{1}));
  }

 private:
  std::optional<std::chrono::steady_clock::time_point> at_;
};

}  // namespace telemetry
