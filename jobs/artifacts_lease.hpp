#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "jobs/options.hpp"
#include "stores/redis_lease.hpp"

namespace jobs {

/// --exclusive, and somebody else works on the artifacts.
class LeaseHeld : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// GitLab's own lease on the destruction of expired pipeline artifacts
/// (DestroyAllExpiredService, E22 to E26), for as long as the object lives, so
/// that its worker and we do not read the same rows in turn.  It does no harm
/// if they do: each skips what the other holds.  So where somebody has it we
/// wait for a moment, go on without it, and take it once it is free; but with
/// --exclusive there is no run then.
///
/// A thread of its own keeps it.  It lapses a minute after a crash, not after
/// ten as GitLab's does, so that nobody waits for the dead.
class ArtifactsLease {
 public:
  static constexpr const char* key =
      "gitlab:exclusive_lease:expired_pipeline_artifacts:destroy:lock";

  static constexpr std::chrono::milliseconds usual_lifetime =
      std::chrono::minutes{1};

  /// \param redis of the shared state; null: nothing is held.
  /// \param lost set once what --exclusive had is somebody else's.
  /// \throws LeaseHeld with --exclusive
  /// \throws stores::StoreError with --exclusive; else it is logged.
  ArtifactsLease(stores::Redis* redis, const Options& options,
                 const std::atomic<bool>& stop, std::atomic<bool>& lost,
                 std::chrono::milliseconds lifetime = usual_lifetime);
  ~ArtifactsLease();
  ArtifactsLease(const ArtifactsLease&) = delete;
  ArtifactsLease& operator=(const ArtifactsLease&) = delete;

 private:
  bool take();
  void take_patiently(const std::atomic<bool>& stop);
  void keep();
  void renew();

  stores::Redis* const redis_;
  const bool exclusive_;
  const std::chrono::milliseconds lifetime_;
  std::atomic<bool>& lost_;
  std::unique_ptr<stores::RedisLease> lease_;  ///< the keeper's, once it runs
  std::mutex mutex_;                           ///< guards what follows
  std::condition_variable over_;
  bool is_over_ = false;
  std::thread keeper_;
};

}  // namespace jobs
