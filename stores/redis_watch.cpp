#include "stores/redis_watch.hpp"

#include <spdlog/spdlog.h>

#include <iterator>
#include <utility>
#include <vector>

namespace stores {
namespace {

RedisCommand command_on(const char* name, std::span<const std::string> keys) {
  RedisCommand command{name};
  command.insert(command.end(), keys.begin(), keys.end());
  return command;
}

}  // namespace

RedisWatch::RedisWatch(Redis& redis, std::span<const std::string> keys)
    : redis_(redis) {
  if (keys.empty())
    return;
  try {
    connection_ = redis_.borrow();
    const RedisCommand watch = command_on("WATCH", keys);
    connection_->run({&watch, 1});
  } catch (const RedisFailure& failure) {
    spdlog::debug("nothing is watched: {} {}", redis_.description(),
                  failure.what());
    connection_.reset();
  }
}

RedisWatch::~RedisWatch() {
  if (!connection_)
    return;
  try {
    const RedisCommand unwatch{"UNWATCH"};
    connection_->run({&unwatch, 1});
    redis_.give_back(std::move(connection_));
  } catch (const std::exception&) {
    // A connection that is closed watches nothing any more.
  }
}

bool RedisWatch::remove(std::span<const std::string> keys) {
  if (!connection_ || keys.empty())
    return false;
  const std::vector<RedisCommand> transaction{
      {"MULTI"}, command_on("DEL", keys), {"EXEC"}};
  try {
    // One answer of a transaction that took place; nil of one that did not.
    const bool removed = connection_->run(transaction).back().number == 1;
    redis_.give_back(std::move(connection_));
    return removed;
  } catch (const RedisFailure& failure) {
    spdlog::debug("nothing was removed at once: {} {}", redis_.description(),
                  failure.what());
    connection_.reset();
    return false;
  }
}

}  // namespace stores
