#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stores/redis_connection.hpp"
#include "stores/redis_url.hpp"
#include "stores/store.hpp"
#include "telemetry/durations.hpp"

namespace stores {

/// The values of a Redis, and the leases that GitLab and we take there.
///
/// Many keys go in one flush, up to 100 at a time: 12.5 MiB of full trace
/// chunks is what Redis then has to hold back for us.  Each method may be tried
/// several times over about five seconds where Redis is out of reach or still
/// loading; none minds having been carried out already.
///
/// Needs a user who may PING, GET, SET, EXISTS, STRLEN, DEL, PEXPIRE and EVAL;
/// to INFO is not required.  May be used from several threads at once, and
/// opens as many connections as there are.
///
/// Every method but trouble() throws StoreError if Redis stays out of reach or
/// refuses a command; then each key may or may not have been dealt with.
class Redis {
 public:
  /// A value as it was read.
  struct Same {
    std::string key;
    std::int64_t length = 0;
    std::string sha1;  ///< 40 lower-case hex digits
  };
  static Same same(std::string key, std::string_view value);

  /// Does not connect yet.
  ///
  /// \param stop once true, nobody is kept waiting for Redis any more
  /// \param times takes what flushes of commands took; outlives this
  /// \throws StoreError if the URL wants TLS and this build has none.
  Redis(RedisUrl url, const std::atomic<bool>& stop,
        RedisPatience patience = {}, telemetry::Durations* times = nullptr);

  /// The values of these keys, each nothing where there is no such key.
  std::vector<std::optional<std::string>> get(
      std::span<const std::string> keys);

  /// Give each of these keys its value, for \a ttl, whatever it had before.
  struct Value {
    std::string key;
    std::string bytes;
  };
  void set(std::span<const Value> values, std::chrono::milliseconds ttl);

  /// How many bytes the values of these keys have, each nothing where there is
  /// no such key.
  std::vector<std::optional<std::int64_t>> lengths(
      std::span<const std::string> keys);

  /// Remove each key whose value still is what was read: looked at and removed
  /// in one step.
  ///
  /// \return for each whether it is gone; true if it was not there.
  std::vector<bool> remove_if_same(std::span<const Same> values);

  /// Take each key that nobody has, for \a ttl, at least a millisecond.  What
  /// holds \a token already is ours, and its time begins anew: an earlier try
  /// may have taken it, and its answer was lost.
  ///
  /// \return for each whether it now holds \a token.
  std::vector<bool> set_if_absent(std::span<const std::string> keys,
                                  std::string_view token,
                                  std::chrono::milliseconds ttl);

  /// Begin the time of each key that holds \a token anew.
  ///
  /// \return for each whether it does.
  std::vector<bool> extend(std::span<const std::string> keys,
                           std::string_view token,
                           std::chrono::milliseconds ttl);
  bool extend(const std::string& key, std::string_view token,
              std::chrono::milliseconds ttl) {
    return extend(std::span(&key, 1), token, ttl).front();
  }

  /// Remove each key that holds \a token.
  void release(std::span<const std::string> keys, std::string_view token);

  /// \throws StoreUnreachable if Redis does not answer, StoreError if it
  ///         refuses us.
  void ping();

  /// \return a sentence saying why Redis can't be used, with what to do;
  ///         nothing if it can.
  std::optional<std::string> trouble();

  /// Which keys Redis removes when its memory is full, "allkeys-lru" or the
  /// like; "noeviction" also where it has no limit (maxmemory 0), and "" where
  /// we may not ask.
  std::string eviction_policy();

  /// "Redis at 'redis.example.com:6379'": for messages.
  [[nodiscard]] std::string description() const { return url_.description(); }

 private:
  friend class RedisWatch;
  using Commands = std::span<const RedisCommand>;

  std::vector<RedisAnswer> run(Commands commands);
  std::vector<RedisAnswer> try_often(Commands commands);
  std::vector<RedisAnswer> try_once(Commands commands);
  RedisAnswer run_one(const RedisCommand& command);
  std::unique_ptr<RedisConnection> borrow();
  void give_back(std::unique_ptr<RedisConnection> connection);
  std::unique_ptr<RedisConnection> take_idle();

  const RedisUrl url_;
  const std::atomic<bool>& stop_;
  const RedisPatience patience_;
  telemetry::Durations* const times_;
  std::mutex mutex_;  ///< guards what follows
  std::vector<std::unique_ptr<RedisConnection>> idle_;
};

}  // namespace stores
