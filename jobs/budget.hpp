#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <mutex>
#include <optional>

namespace jobs {

/// How many rows may still be dealt with.  What is about to be tried is
/// reserved first, and what did not come about is given back, so that workers
/// side by side never exceed it together.
///
/// May be used from several threads at once.
class Budget {
 public:
  /// \param limit nothing: no limit.
  explicit Budget(std::optional<std::int64_t> limit = std::nullopt)
      : left_(limit.value_or(std::numeric_limits<std::int64_t>::max())) {}

  /// \return how many of \a wanted are granted.
  std::int64_t reserve(std::int64_t wanted) {
    const std::lock_guard lock(mutex_);
    const std::int64_t granted = std::min(wanted, left_);
    left_ -= granted;
    return granted;
  }

  void give_back(std::int64_t rows) {
    const std::lock_guard lock(mutex_);
    left_ += rows;
  }

  [[nodiscard]] std::int64_t left() const {
    const std::lock_guard lock(mutex_);
    return left_;
  }

  [[nodiscard]] bool is_spent() const {
    const std::lock_guard lock(mutex_);
    return left_ == 0;
  }

 private:
  mutable std::mutex mutex_;
  std::int64_t left_;
};

}  // namespace jobs
