#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "jobs/context.hpp"
#include "stores/redis_lease.hpp"

namespace jobs {

/// GitLab's own lease on the processing of these pipelines
/// (AtomicProcessingService, E21 to E26), for as long as the object lives, so
/// that no live GitLab moves their jobs meanwhile.  Where no Redis is given, or
/// GitLab holds a pipeline for longer than a moment, nothing is held: the
/// lock_version of every row is what keeps both from harm, and the lease only
/// saves work.
class PipelineLease {
 public:
  /// \param usable whether Redis may be asked: false from the first time that
  ///        it can't be, which is logged and harms nobody.
  PipelineLease(const Context& context,
                const std::vector<std::int64_t>& pipelines,
                std::atomic<bool>& usable);

 private:
  std::optional<stores::RedisLease> lease_;
};

}  // namespace jobs
