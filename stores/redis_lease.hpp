#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "stores/redis.hpp"

namespace stores {

/// A set of keys taken as GitLab takes its exclusive leases: each holds a
/// random token, and goes away by itself after a time.  Given back when the
/// object goes away; if that fails, they lapse.
///
///     stores::RedisLease lease(redis, keys, std::chrono::minutes{1});
///     if (lease.held(0))
///       ...
///
/// Belongs to one thread.
class RedisLease {
 public:
  /// Take those of \a keys that nobody has.  The prefix of GitLab's leases,
  /// "gitlab:exclusive_lease:", is part of a key.
  ///
  /// \throws StoreError as Redis does; then none is held.
  RedisLease(Redis& redis, std::vector<std::string> keys,
             std::chrono::milliseconds ttl);
  ~RedisLease();
  RedisLease(const RedisLease&) = delete;
  RedisLease& operator=(const RedisLease&) = delete;

  /// Whether the key at \a index is ours, and its time is not over by our own
  /// clock, which is never late.
  [[nodiscard]] bool held(std::size_t index) const;

  /// Begin the time of what we hold anew; what lapsed meanwhile is ours no
  /// more, even if nobody else took it.
  ///
  /// \return whether all that we held still is ours.
  /// \throws StoreError as Redis does; what was held lapses in its old time.
  bool extend(std::chrono::milliseconds ttl);

 private:
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] std::vector<std::string> taken_keys() const;
  void release() noexcept;

  Redis& redis_;
  const std::vector<std::string> keys_;
  const std::string token_;
  std::vector<bool> taken_;
  Clock::time_point until_;
};

}  // namespace stores
