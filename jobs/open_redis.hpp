#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "jobs/options.hpp"
#include "stores/redis.hpp"

namespace jobs {

/// The Redis servers of an installation, as far as they were given.
class RedisServers {
 public:
  RedisServers() = default;
  /// \throws UsageError if a file that holds a URL can't be read or makes no
  ///         sense.
  /// \throws stores::StoreError if this build can't speak to such a server.
  RedisServers(const Options& options, const std::atomic<bool>& stop,
               telemetry::Durations* times = nullptr);

  /// Where live trace chunks of data_store 4 are, or null.
  [[nodiscard]] stores::Redis* chunks() const { return chunks_.get(); }
  /// GitLab's leases and chunks of data_store 1, or null.
  [[nodiscard]] stores::Redis* shared_state() const {
    return shared_state_ ? shared_state_.get() : chunks_.get();
  }
  /// Every server once.
  [[nodiscard]] std::vector<stores::Redis*> all() const;

 private:
  std::unique_ptr<stores::Redis> chunks_;
  std::unique_ptr<stores::Redis> shared_state_;
};

}  // namespace jobs
