#include "jobs/artifacts_lease.hpp"

#include <spdlog/spdlog.h>

#include <chrono>
#include <string>

namespace jobs {
namespace {

// A run that has just ended gives it back within this; GitLab's worker may keep
// it for ten minutes, which is not worth waiting for.
constexpr std::chrono::seconds patience{1};
constexpr std::chrono::milliseconds between_tries{100};

}  // namespace

ArtifactsLease::ArtifactsLease(stores::Redis* redis, const Options& options,
                               const std::atomic<bool>& stop,
                               std::atomic<bool>& lost,
                               std::chrono::milliseconds lifetime)
    : redis_(redis),
      exclusive_(options.exclusive),
      lifetime_(lifetime),
      lost_(lost) {
  if (redis_ == nullptr)
    return;
  if (exclusive_) {
    if (!take())
      throw LeaseHeld(std::string("GitLab's worker or another run holds the "
                                  "lease ") +
                      key +
                      "; run again when it is done, or without "
                      "--exclusive beside it");
  } else {
    take_patiently(stop);
  }
  keeper_ = std::thread([this] { keep(); });
}

ArtifactsLease::~ArtifactsLease() {
  {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
  }
  over_.notify_all();
  if (keeper_.joinable())
    keeper_.join();
}

/// \return whether it is ours now.
bool ArtifactsLease::take() {
  auto lease = std::make_unique<stores::RedisLease>(
      *redis_, std::vector<std::string>{key}, lifetime_);
  if (!lease->held(0))
    return false;
  lease_ = std::move(lease);
  return true;
}

void ArtifactsLease::take_patiently(const std::atomic<bool>& stop) {
  const auto until = std::chrono::steady_clock::now() + patience;
  try {
    while (!take()) {
      if (stop || std::chrono::steady_clock::now() >= until) {
        spdlog::info(
            "GitLab's worker or another run destroys expired artifacts, too; "
            "the work is shared");
        return;
      }
      std::this_thread::sleep_for(between_tries);
    }
  } catch (const stores::StoreError& error) {
    spdlog::warn("{}; artifacts are destroyed without GitLab's lease",
                 error.what());
  }
}

void ArtifactsLease::keep() {
  std::unique_lock lock(mutex_);
  while (!over_.wait_for(lock, lifetime_ / 3, [this] { return is_over_; })) {
    lock.unlock();
    try {
      renew();
    } catch (const stores::StoreError& error) {
      // It lapses, unless the next try is in time.
      spdlog::debug("{}; the lease on artifacts is not renewed", error.what());
      if (lease_ && !lease_->held(0)) {
        lease_.reset();
        lost_ = lost_ || exclusive_;  // who reaches Redis may have it now
      }
    }
    lock.lock();
  }
}

/// What lapsed, as when Redis was restarted, is taken again if it is free.
void ArtifactsLease::renew() {
  if (lease_ && lease_->extend(lifetime_))
    return;
  lease_.reset();
  if (!take() && exclusive_)
    lost_ = true;
}

}  // namespace jobs
