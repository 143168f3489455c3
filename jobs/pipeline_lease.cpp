#include "jobs/pipeline_lease.hpp"

#include <spdlog/spdlog.h>

#include <chrono>
#include <string>
#include <thread>

namespace jobs {
namespace {

// GitLab's own, for the same lease.
constexpr std::chrono::minutes lease_lifetime{1};
// GitLab processes a pipeline within a second, as a rule.
constexpr int most_waits = 6;
constexpr std::chrono::milliseconds wait_for_lease{100};

std::vector<std::string> keys_of(const std::vector<std::int64_t>& pipelines) {
  std::vector<std::string> keys;
  for (const std::int64_t pipeline : pipelines)
    keys.push_back(
        "gitlab:exclusive_lease:ci/pipeline_processing/"
        "atomic_processing_service::pipeline_id:" +
        std::to_string(pipeline));
  return keys;
}

/// Those of \a keys that \a lease did not get.
std::vector<std::string> missing(const stores::RedisLease& lease,
                                 const std::vector<std::string>& keys) {
  std::vector<std::string> left;
  for (std::size_t i = 0; i < keys.size(); ++i)
    if (!lease.held(i))
      left.push_back(keys[i]);
  return left;
}

}  // namespace

PipelineLease::PipelineLease(const Context& context,
                             const std::vector<std::int64_t>& pipelines,
                             std::atomic<bool>& usable) {
  stores::Redis* const redis = context.redis.shared_state();
  if (redis == nullptr || !usable)
    return;
  try {
    std::vector<std::string> keys = keys_of(pipelines);
    for (int tries = 0; !keys.empty() && tries < most_waits; ++tries) {
      if (tries > 0)
        std::this_thread::sleep_for(wait_for_lease);
      leases_.push_back(
          std::make_unique<stores::RedisLease>(*redis, keys, lease_lifetime));
      keys = missing(*leases_.back(), keys);
    }
  } catch (const stores::StoreError& error) {
    usable = false;
    spdlog::warn("{}; jobs are dropped without GitLab's leases", error.what());
  }
}

}  // namespace jobs
