#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace telemetry {

/// How long things of a few kinds took, by the name of the kind: what
/// Prometheus calls a histogram, in seconds.
///
/// May be used from several threads at once.
class Durations {
 public:
  /// Upper bounds, inclusive; beyond the last there is one more bucket.
  static constexpr std::array<double, 14> bounds{
      0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
      0.25,  0.5,    1,     2.5,  5,     10,   30};
  static constexpr std::size_t bucket_count = bounds.size() + 1;

  struct Kind {
    std::string name;
    std::array<std::int64_t, bucket_count> counts{};  ///< each bucket's own
    double seconds = 0;                               ///< of all together
  };

  void record(std::string_view name, std::chrono::nanoseconds duration);

  /// By name, in alphabetical order.
  [[nodiscard]] std::vector<Kind> read() const;

 private:
  mutable std::mutex mutex_;  ///< guards what follows
  std::map<std::string, Kind, std::less<>> kinds_;
};

/// Of the requests to what is no database.
struct RequestTimes {
  Durations s3;     ///< by HTTP method
  Durations redis;  ///< flushes of commands; under the name ""
};

}  // namespace telemetry
