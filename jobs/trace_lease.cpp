#include "jobs/trace_lease.hpp"

#include <chrono>
#include <string>

namespace jobs {
namespace {

// GitLab's own, for the same lock.
constexpr std::chrono::minutes lock_lifetime{10};

std::vector<std::string> keys_of(std::span<const db::LiveTrace> batch) {
  std::vector<std::string> keys;
  for (const db::LiveTrace& trace : batch)
    keys.push_back("gitlab:exclusive_lease:trace:write:lock:" +
                   std::to_string(trace.build_id));
  return keys;
}

}  // namespace

TraceLease::TraceLease(Context& context, std::span<const db::LiveTrace> batch) {
  if (context.only_plans())
    return;
  if (stores::Redis* const redis = context.redis.shared_state())
    lease_.emplace(*redis, keys_of(batch), lock_lifetime);
}

bool TraceLease::renew() {
  using std::chrono::steady_clock;
  if (!lease_ || steady_clock::now() - renewed_ < std::chrono::minutes{1})
    return true;
  renewed_ = steady_clock::now();
  return lease_->extend(lock_lifetime);
}

}  // namespace jobs
