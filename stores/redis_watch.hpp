#pragma once

#include <memory>
#include <span>
#include <string>

#include "stores/redis.hpp"

namespace stores {

/// Keys of a Redis that are watched from now on, so that what was read of them
/// later can be removed without being compared (WATCH, MULTI, EXEC:
/// https://redis.io/docs/interact/transactions/).  A removal by checksum,
/// Redis::remove_if_same(), has Redis hash every byte.
///
/// Whatever fails here is no failure: nothing is removed then.  Holds a
/// connection of its own.  To be used from one thread at a time.
class RedisWatch {
 public:
  RedisWatch(Redis& redis, std::span<const std::string> keys);
  ~RedisWatch();
  RedisWatch(const RedisWatch&) = delete;
  RedisWatch& operator=(const RedisWatch&) = delete;

  /// Remove these, if nobody has changed any of the keys watched; the watch
  /// ends.
  ///
  /// \return whether they are gone; if not, they may be all the same.
  bool remove(std::span<const std::string> keys);

 private:
  Redis& redis_;
  std::unique_ptr<RedisConnection> connection_;  ///< null: nothing is watched
};

}  // namespace stores
