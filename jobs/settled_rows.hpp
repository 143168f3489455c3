#pragma once

#include <cstdint>
#include <mutex>
#include <unordered_set>

namespace jobs {

/// Ids of rows that a run has settled once and for all.  From any thread.
class SettledRows {
 public:
  /// \return whether it was there already.
  bool add(std::int64_t id) {
    const std::lock_guard lock(mutex_);
    return !ids_.insert(id).second;
  }
  void add(const std::unordered_set<std::int64_t>& ids) {
    const std::lock_guard lock(mutex_);
    ids_.insert(ids.begin(), ids.end());
  }

 private:
  std::mutex mutex_;
  std::unordered_set<std::int64_t> ids_;
};

}  // namespace jobs
