#include "stores/redis.hpp"

#include "stores/backoff.hpp"
#include "stores/redis_tls.hpp"

#include <fmt/format.h>
#include <openssl/sha.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace stores {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t most_per_flush = 100;
/// Waits between tries grow from the first to the longest.
constexpr milliseconds first_wait{125};
constexpr milliseconds longest_wait{1000};

// pcall makes a table of an error: a key of another type than a string is
// nothing like what was read, and nobody's token.
constexpr const char* remove_same = R"lua(
if redis.call('EXISTS', KEYS[1]) == 0 then return 1 end
if redis.pcall('STRLEN', KEYS[1]) ~= tonumber(ARGV[1]) then return 0 end
if redis.sha1hex(redis.call('GET', KEYS[1])) ~= ARGV[2] then return 0 end
return redis.call('DEL', KEYS[1])
)lua";

constexpr const char* take_lease = R"lua(
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
if redis.pcall('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
)lua";

constexpr const char* extend_lease = R"lua(
if redis.pcall('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
)lua";

constexpr const char* release_lease = R"lua(
if redis.pcall('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
)lua";

/// One command for each of \a items.
template <typename Items, typename Make>
std::vector<RedisCommand> commands_for(const Items& items, const Make& make) {
  std::vector<RedisCommand> commands;
  for (const auto& item : items)
    commands.push_back(make(item));
  return commands;
}

/// The script for each key, with these arguments.
std::vector<RedisCommand> scripts_for(std::span<const std::string> keys,
                                      const char* script,
                                      const std::vector<std::string>& words) {
  return commands_for(keys, [&](const std::string& key) {
    RedisCommand command{"EVAL", script, "1", key};
    command.insert(command.end(), words.begin(), words.end());
    return command;
  });
}

std::vector<bool> as_bools(const std::vector<RedisAnswer>& answers) {
  std::vector<bool> result;
  for (const RedisAnswer& answer : answers)
    result.push_back(answer.number == 1);
  return result;
}

std::string in_milliseconds(milliseconds duration) {
  return std::to_string(duration.count());
}

/// The value of "name:value\r\n" in an answer to INFO.
std::string field(const std::string& info, const std::string& name) {
  const std::size_t found = info.find('\n' + name + ':');
  if (found == std::string::npos)
    return {};
  const std::size_t begin = found + name.size() + 2;
  return info.substr(begin, info.find_first_of("\r\n", begin) - begin);
}

}  // namespace

Redis::Same Redis::same(std::string key, std::string_view value) {
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  SHA1(reinterpret_cast<const unsigned char*>(value.data()), value.size(),
       digest.data());
  return {std::move(key), static_cast<std::int64_t>(value.size()),
          fmt::format("{:02x}", fmt::join(digest, ""))};
}

Redis::Redis(RedisUrl url, const std::atomic<bool>& stop,
             RedisPatience patience, telemetry::Durations* times)
    : url_(std::move(url)), stop_(stop), patience_(patience), times_(times) {
  if (url_.tls && !has_redis_tls())
    throw StoreError(description() +
                     " wants TLS: this build has no TLS for Redis; connect "
                     "through stunnel or use redis://");
}

std::vector<std::optional<std::string>> Redis::get(
    std::span<const std::string> keys) {
  std::vector<std::optional<std::string>> values;
  for (RedisAnswer& answer : run(commands_for(keys, [](const std::string& key) {
         return RedisCommand{"GET", key};
       })))
    values.push_back(std::move(answer.text));
  return values;
}

void Redis::set(std::span<const Value> values, milliseconds ttl) {
  run(commands_for(values, [&](const Value& value) {
    return RedisCommand{"SET", value.key, value.bytes, "PX",
                        in_milliseconds(ttl)};
  }));
}

std::vector<std::optional<std::int64_t>> Redis::lengths(
    std::span<const std::string> keys) {
  std::vector<RedisCommand> commands;
  for (const std::string& key : keys) {
    commands.push_back({"STRLEN", key});
    commands.push_back({"EXISTS", key});
  }
  const std::vector<RedisAnswer> answers = run(commands);
  std::vector<std::optional<std::int64_t>> lengths(keys.size());
  for (std::size_t i = 0; i < lengths.size(); ++i)
    if (answers[2 * i + 1].number == 1)
      lengths[i] = answers[2 * i].number;
  if (std::ranges::any_of(
          lengths, [](const auto& length) { return length.value_or(0) < 0; }))
    throw StoreError(description() +
                     " says that a value has less than no bytes: look who "
                     "answers there");
  return lengths;
}

std::vector<bool> Redis::remove_if_same(std::span<const Same> values) {
  return as_bools(run(commands_for(values, [](const Same& value) {
    return RedisCommand{
        "EVAL",    remove_same, "1", value.key, std::to_string(value.length),
        value.sha1};
  })));
}

std::vector<bool> Redis::set_if_absent(std::span<const std::string> keys,
                                       std::string_view token,
                                       milliseconds ttl) {
  return as_bools(run(scripts_for(keys, take_lease,
                                  {std::string(token), in_milliseconds(ttl)})));
}

std::vector<bool> Redis::extend(std::span<const std::string> keys,
                                std::string_view token, milliseconds ttl) {
  return as_bools(run(scripts_for(keys, extend_lease,
                                  {std::string(token), in_milliseconds(ttl)})));
}

void Redis::release(std::span<const std::string> keys, std::string_view token) {
  run(scripts_for(keys, release_lease, {std::string(token)}));
}

void Redis::ping() {
  run_one({"PING"});
}

std::optional<std::string> Redis::trouble() {
  try {
    ping();
    return std::nullopt;
  } catch (const StoreError& error) {
    return error.what();
  }
}

std::string Redis::eviction_policy() {
  std::string info;
  try {
    info = run_one({"INFO", "memory"}).text.value_or("");
  } catch (const StoreError&) {
    run_one({"PING"});  // throws where Redis is not unwilling, but out of reach
  }
  if (field(info, "maxmemory") == "0")
    return "noeviction";
  return field(info, "maxmemory_policy");
}

RedisAnswer Redis::run_one(const RedisCommand& command) {
  return run({&command, 1}).front();
}

std::vector<RedisAnswer> Redis::run(Commands commands) {
  std::vector<RedisAnswer> all;
  while (!commands.empty()) {
    const std::size_t count = std::min(commands.size(), most_per_flush);
    std::ranges::move(try_often(commands.first(count)),
                      std::back_inserter(all));
    commands = commands.subspan(count);
  }
  return all;
}

std::vector<RedisAnswer> Redis::try_often(Commands commands) {
  const auto until = steady_clock::now() + patience_.tries;
  for (milliseconds wait = first_wait;;
       wait = std::min(wait * 2, longest_wait)) {
    try {
      return try_once(commands);
    } catch (const RedisFailure& failure) {
      const std::string what = description() + ' ' + failure.what();
      if (!failure.may_pass())
        throw StoreError(what);
      if (stop_ || steady_clock::now() + wait > until)
        throw StoreUnreachable(what);
      spdlog::warn("{}; trying again in {} ms", what, wait.count());
      sleep_until_stopped(wait, stop_);
    }
  }
}

/// A connection that failed is not given back.
std::vector<RedisAnswer> Redis::try_once(Commands commands) {
  std::unique_ptr<RedisConnection> connection = borrow();
  const auto began = steady_clock::now();
  std::vector<RedisAnswer> answers = connection->run(commands);
  if (times_ != nullptr)
    times_->record("", steady_clock::now() - began);
  give_back(std::move(connection));
  return answers;
}

std::unique_ptr<RedisConnection> Redis::borrow() {
  std::unique_ptr<RedisConnection> connection = take_idle();
  return connection ? std::move(connection)
                    : std::make_unique<RedisConnection>(url_, patience_);
}

void Redis::give_back(std::unique_ptr<RedisConnection> connection) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(connection));
}

/// Those that ended while they were idle are dropped: a Redis that was started
/// again has ended all, and each would cost its finder a try.
std::unique_ptr<RedisConnection> Redis::take_idle() {
  const std::lock_guard lock(mutex_);
  while (!idle_.empty()) {
    std::unique_ptr<RedisConnection> connection = std::move(idle_.back());
    idle_.pop_back();
    if (connection->usable())
      return connection;
  }
  return nullptr;
}

}  // namespace stores
