#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "telemetry/durations.hpp"

namespace telemetry {

/// How long the statements of a pass took, from send to result, COMMIT
/// included: a histogram of fixed size, so that a run of a hundred million rows
/// keeps as little as one of ten.
///
/// Buckets grow by an eighth of a power of two, so a percentile is read at
/// most 9.1 % too high.  May be used from several threads at once: a count
/// that is read meanwhile may be a moment old.
class StatementTimes {
 public:
  /// \param statement its name; "" leaves it out of by_name().
  void record(std::chrono::nanoseconds duration,
              std::string_view statement = {});

  [[nodiscard]] std::int64_t count() const;
  /// The smallest bucket bound that 99 of 100 statements kept within, never
  /// above slowest_ms(); 0 where there was none.
  [[nodiscard]] double p99_ms() const;
  [[nodiscard]] double slowest_ms() const;
  /// Of all together.
  [[nodiscard]] double seconds() const;
  [[nodiscard]] const Durations& by_name() const { return by_name_; }

 private:
  static constexpr std::size_t bucket_count =
      std::size_t{8} * 34;  ///< 1 us to 4.7 h

  static std::size_t bucket_of(std::chrono::nanoseconds duration);

  std::array<std::atomic<std::int64_t>, bucket_count> buckets_{};
  std::atomic<std::int64_t> slowest_ns_{0};
  std::atomic<std::int64_t> total_ns_{0};
  Durations by_name_;
};

}  // namespace telemetry
