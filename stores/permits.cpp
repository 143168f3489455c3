#include "stores/permits.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace stores {
namespace {

/// Of whom this thread has a permit, once for each.
thread_local std::vector<const Permits*> permits_of_this_thread;

}  // namespace

Permits::Permits(std::size_t width, const std::atomic<bool>& stop,
                 Timing timing)
    : width_(std::max<std::size_t>(width, 1)),
      stop_(stop),
      timing_(std::move(timing)),
      count_(width_),
      not_before_(timing_.now()) {}

std::size_t Permits::count() const {
  const std::lock_guard lock(mutex_);
  return count_;
}

bool Permits::held_here() const {
  const std::vector<const Permits*>& held = permits_of_this_thread;
  return std::find(held.begin(), held.end(), this) != held.end();
}

std::uint64_t Permits::take() {
  std::unique_lock lock(mutex_);
  for (;;) {
    const std::chrono::milliseconds wait = held_back();
    if (wait.count() > 0 && !stop_) {
      lock.unlock();
      timing_.sleep(wait, stop_);
      lock.lock();
    } else if (under_way_ >= count_) {
      changed_.wait(lock);
    } else {
      ++under_way_;
      return round_;
    }
  }
}

void Permits::give_back() {
  const std::lock_guard lock(mutex_);
  --under_way_;
  changed_.notify_all();
}

std::uint64_t Permits::current_round() const {
  const std::lock_guard lock(mutex_);
  return round_;
}

void Permits::count_success(std::uint64_t round) {
  const std::lock_guard lock(mutex_);
  if (round != round_)
    return;
  ++successes_;
  if (too_many_ && count_ >= *too_many_ && successes_ > count_)
    too_many_.reset();  // it bears them now
  if (count_ == width_ || successes_ < successes_to_grow())
    return;
  successes_ = 0;
  ++count_;
  changed_.notify_all();
}

std::size_t Permits::successes_to_grow() const {
  return too_many_ && count_ + 1 >= *too_many_ ? probe_after_ : count_;
}

void Permits::count_refusal(std::uint64_t round,
                            std::chrono::milliseconds retry_after) {
  const std::lock_guard lock(mutex_);
  not_before_ =
      std::max(not_before_, timing_.now() + within_reason(retry_after));
  if (round != round_)
    return;
  const bool probed = too_many_ && count_ >= *too_many_;
  probe_after_ =
      probed ? std::min(2 * probe_after_, longest_probe) : first_probe;
  too_many_ = std::max<std::size_t>(count_, 2);
  ++round_;
  successes_ = 0;
  count_ = std::max<std::size_t>(count_ / 2, 1);
}

/// Rounded up, so that a sleeper never wakes up too early.
std::chrono::milliseconds Permits::held_back() const {
  return std::chrono::ceil<std::chrono::milliseconds>(not_before_ -
                                                      timing_.now());
}

Permits::Permit::Permit(Permits& permits)
    : permits_(permits),
      nested_(permits.held_here()),
      round_(nested_ ? permits.current_round() : permits.take()) {
  if (!nested_)
    permits_of_this_thread.push_back(&permits_);
}

Permits::Permit::~Permit() {
  if (nested_)
    return;
  std::erase(permits_of_this_thread, &permits_);
  permits_.give_back();
}

void Permits::Permit::succeeded() {
  permits_.count_success(round_);
}

void Permits::Permit::refused(std::chrono::milliseconds retry_after) {
  permits_.count_refusal(round_, retry_after);
}

}  // namespace stores
