#include "telemetry/statement_times.hpp"

#include <algorithm>
#include <cmath>

namespace telemetry {

void StatementTimes::record(std::chrono::nanoseconds duration,
                            std::string_view statement) {
  buckets_[bucket_of(duration)].fetch_add(1, std::memory_order_relaxed);
  total_ns_.fetch_add(std::max<std::int64_t>(duration.count(), 0),
                      std::memory_order_relaxed);
  if (!statement.empty())
    by_name_.record(statement, duration);

  std::int64_t slowest = slowest_ns_.load(std::memory_order_relaxed);
  while (duration.count() > slowest &&
         !slowest_ns_.compare_exchange_weak(slowest, duration.count(),
                                            std::memory_order_relaxed)) {
  }
}

std::size_t StatementTimes::bucket_of(std::chrono::nanoseconds duration) {
  const double microseconds =
      std::max(1.0, static_cast<double>(duration.count()) / 1000);
  const auto bucket = static_cast<std::size_t>(8 * std::log2(microseconds));
  return std::min(bucket, bucket_count - 1);
}

std::int64_t StatementTimes::count() const {
  std::int64_t sum = 0;
  for (const auto& bucket : buckets_)
    sum += bucket.load(std::memory_order_relaxed);
  return sum;
}

double StatementTimes::p99_ms() const {
  const std::int64_t all = count();
  const std::int64_t wanted = all - all / 100;  // 99 %, rounded up

  std::int64_t within = 0;
  std::size_t bucket = 0;
  while (bucket < bucket_count && within < wanted)
    within += buckets_[bucket++].load(std::memory_order_relaxed);

  // The last bucket has no upper bound.
  if (bucket == bucket_count)
    return slowest_ms();
  const double bound_ms = std::exp2(static_cast<double>(bucket) / 8) / 1000;
  return std::min(bound_ms, slowest_ms());
}

double StatementTimes::slowest_ms() const {
  const std::int64_t slowest = slowest_ns_.load(std::memory_order_relaxed);
  return static_cast<double>(slowest) / 1e6;
}

double StatementTimes::seconds() const {
  return static_cast<double>(total_ns_.load(std::memory_order_relaxed)) / 1e9;
}

}  // namespace telemetry
