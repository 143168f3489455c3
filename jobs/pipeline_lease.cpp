#include "jobs/pipeline_lease.hpp"

#include <spdlog/spdlog.h>

#include <chrono>
#include <string>

namespace jobs {
namespace {

// GitLab's own, for the same lease.
constexpr std::chrono::minutes lifetime{1};

std::vector<std::string> keys_of(const std::vector<std::int64_t>& pipelines) {
  std::vector<std::string> keys;
  for (const std::int64_t pipeline : pipelines)
    keys.push_back(
        "gitlab:exclusive_lease:ci/pipeline_processing/"
        "atomic_processing_service::pipeline_id:" +
        std::to_string(pipeline));
  return keys;
}

}  // namespace

PipelineLease::PipelineLease(const Context& context,
                             const std::vector<std::int64_t>& pipelines,
                             std::atomic<bool>& usable) {
  stores::Redis* const redis = context.redis.shared_state();
  if (redis == nullptr || !usable)
    return;
  try {
    lease_.emplace(*redis, keys_of(pipelines), lifetime);
  } catch (const stores::StoreError& error) {
    usable = false;
    spdlog::warn("{}; jobs are dropped without GitLab's leases", error.what());
  }
}

}  // namespace jobs
