#include "telemetry/durations.hpp"

#include <algorithm>

namespace telemetry {

void Durations::record(std::string_view name,
                       std::chrono::nanoseconds duration) {
  const double seconds =
      std::max(0.0, std::chrono::duration<double>(duration).count());
  const auto bucket = static_cast<std::size_t>(
      std::ranges::lower_bound(bounds, seconds) - bounds.begin());
  const std::lock_guard lock(mutex_);
  auto found = kinds_.find(name);
  if (found == kinds_.end()) {
    found = kinds_.emplace(name, Kind{}).first;
    found->second.name = name;
  }
  found->second.counts[bucket] += 1;
  found->second.seconds += seconds;
}

std::vector<Durations::Kind> Durations::read() const {
  const std::lock_guard lock(mutex_);
  std::vector<Kind> kinds;
  for (const auto& [name, kind] : kinds_)
    kinds.push_back(kind);
  return kinds;
}

}  // namespace telemetry
