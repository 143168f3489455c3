#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "stores/redis_url.hpp"

struct redisContext;
struct redisReply;

namespace stores {

/// How long to bear with a Redis.
struct RedisPatience {
  std::chrono::milliseconds connect{2000};  ///< until it lets us in
  std::chrono::milliseconds answer{5000};   ///< until it says something
  std::chrono::milliseconds tries{5000};    ///< no further try after this
};

/// Why commands were not carried out.  what() is the rest of a sentence that
/// begins with RedisUrl::description(), and says what to do.
class RedisFailure : public std::runtime_error {
 public:
  RedisFailure(const std::string& what, bool may_pass)
      : std::runtime_error(what), may_pass_(may_pass) {}

  /// The same commands may succeed a little later, on another connection.
  [[nodiscard]] bool may_pass() const { return may_pass_; }

 private:
  bool may_pass_;
};

/// The words of a command, of any bytes.
using RedisCommand = std::vector<std::string>;

/// What Redis answered to one command.
struct RedisAnswer {
  std::optional<std::string> text;  ///< nothing where it is nil or a number
  std::int64_t number = 0;          ///< of a list, how many it has
};

/// One session with a Redis, for one thread at a time.
///
/// hiredis writes by write(2): SIGPIPE must be ignored, as jobs/signals.cpp
/// does.
class RedisConnection {
 public:
  /// Connect, and log in.
  ///
  /// \throws RedisFailure
  RedisConnection(const RedisUrl& url, const RedisPatience& patience);

  /// Send all commands in one flush, then read their answers in order; none is
  /// left unread, even where an earlier one is an error.
  ///
  /// \throws RedisFailure if the connection was lost, so that each command may
  ///         or may not have been carried out, or for the first command that
  ///         Redis answered with an error.
  std::vector<RedisAnswer> run(std::span<const RedisCommand> commands);

  /// False once it was lost, or Redis hung up while nobody used it, or said
  /// more than it was asked.
  [[nodiscard]] bool usable() const;

 private:
  struct Free {
    void operator()(redisContext* context) const noexcept;
    void operator()(redisReply* reply) const noexcept;
  };
  using Reply = std::unique_ptr<redisReply, Free>;

  void log_in(const RedisUrl& url);
  void send(const RedisCommand& command);
  Reply receive();

  std::unique_ptr<redisContext, Free> context_;
};

}  // namespace stores
