#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "jobs/context.hpp"
#include "stores/redis_lease.hpp"

namespace jobs {

/// GitLab's own lease on the processing of these pipelines
/// (AtomicProcessingService, E21 to E26), for as long as the object lives, so
/// that no live GitLab moves their jobs meanwhile.  Where GitLab holds one,
/// half a second is given to it.  Where no Redis is given, or GitLab takes
/// longer, nothing is held: the lock_version of every row keeps both from harm,
/// but a GitLab that had read the jobs before may write an old status over the
/// new one, which the next run puts right.
class PipelineLease {
 public:
  /// \param usable whether Redis may be asked: false from the first time that
  ///        it can't be, which is logged and harms nobody.
  PipelineLease(const Context& context,
                const std::vector<std::int64_t>& pipelines,
                std::atomic<bool>& usable);

 private:
  std::vector<std::unique_ptr<stores::RedisLease>> leases_;
};

}  // namespace jobs
