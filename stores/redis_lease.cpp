#include "stores/redis_lease.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <random>
#include <utility>

namespace stores {
namespace {

/// 32 hex digits.
std::string random_token() {
  std::random_device random;
  std::string token;
  while (token.size() < 32)
    token += fmt::format("{:08x}", random());
  return token;
}

}  // namespace

RedisLease::RedisLease(Redis& redis, std::vector<std::string> keys,
                       std::chrono::milliseconds ttl)
    : redis_(redis),
      keys_(std::move(keys)),
      token_(random_token()),
      taken_(keys_.size(), true),
      until_(Clock::now() + ttl) {
  try {
    taken_ = redis_.set_if_absent(keys_, token_, ttl);
  } catch (...) {
    release();  // some may have been taken before it failed
    throw;
  }
}

RedisLease::~RedisLease() {
  release();
}

bool RedisLease::held(std::size_t index) const {
  return taken_.at(index) && Clock::now() < until_;
}

bool RedisLease::extend(std::chrono::milliseconds ttl) {
  const Clock::time_point until = Clock::now() + ttl;
  const std::vector<bool> extended = redis_.extend(taken_keys(), token_, ttl);
  bool all = true;
  std::size_t asked = 0;
  for (auto&& taken : taken_)
    if (taken && !extended[asked++])
      taken = all = false;
  until_ = until;
  return all;
}

std::vector<std::string> RedisLease::taken_keys() const {
  std::vector<std::string> taken;
  for (std::size_t i = 0; i < keys_.size(); ++i)
    if (taken_[i])
      taken.push_back(keys_[i]);
  return taken;
}

void RedisLease::release() noexcept {
  try {
    redis_.release(taken_keys(), token_);
  } catch (const std::exception& error) {
    spdlog::warn("{}; leases taken there lapse by themselves", error.what());
  }
}

}  // namespace stores
