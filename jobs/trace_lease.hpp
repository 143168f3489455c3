#pragma once

#include <chrono>
#include <optional>
#include <span>

#include "db/traces.hpp"
#include "jobs/context.hpp"
#include "stores/redis_lease.hpp"

namespace jobs {

/// GitLab's own lock on the traces of builds (trace:write:lock:<job>, E21 to
/// E26), taken by its archiver and by whoever appends, for as long as the
/// object lives.  Without the Redis that holds it, all counts as held: `check`
/// says what is at risk.
class TraceLease {
 public:
  TraceLease(Context& context, std::span<const db::LiveTrace> batch);

  /// Once a minute, make what is held last.  From one thread at a time.
  ///
  /// \return false if some of it was lost: the work has to begin anew.
  bool renew();

  [[nodiscard]] bool held(std::size_t index) const {
    return !lease_ || lease_->held(index);
  }

 private:
  std::chrono::steady_clock::time_point renewed_ =
      std::chrono::steady_clock::now();
  std::optional<stores::RedisLease> lease_;
};

}  // namespace jobs
