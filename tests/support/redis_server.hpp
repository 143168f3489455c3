#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/program.hpp"
#include "tests/support/temporary_directory.hpp"

struct redisContext;

namespace tests {

/// A Redis of the test's own, on a unix socket in a temporary directory; keeps
/// nothing on disk.  Ready in about 20 ms; the destructor kills it.
///
///     tests::RedisServer server;
///     server.set("key", "value");
///     stores::Redis redis(stores::parse_redis_url(server.url()), stop);
///
/// What a test asks here goes by a connection of the server's own, which needs
/// no other code of ours.  For one thread at a time.
class RedisServer {
 public:
  /// \param settings of redis.conf, as "name=value".  A password
  ///        ("requirepass=secret") goes into url(), and so must need no
  ///        percent-encoding.
  /// \throws std::runtime_error if it does not start.
  explicit RedisServer(const std::vector<std::string>& settings = {});
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  [[nodiscard]] std::string socket() const;
  [[nodiscard]] std::string url() const;

  void start();
  /// End it as a power failure would: with all it held.
  void stop();
  void restart();
  /// It hears nothing and says nothing until resume(), but stays connected.
  void pause();
  void resume();

  /// Run a command of any bytes.
  ///
  /// \return a number in decimal, an array with a line for each of its
  ///         elements; nothing for nil.
  /// \throws std::runtime_error if Redis answers with an error.
  std::optional<std::string> command(const std::vector<std::string>& words);

  void set(const std::string& key, const std::string& value,
           std::optional<std::chrono::milliseconds> ttl = std::nullopt);
  std::optional<std::string> get(const std::string& key);
  bool exists(const std::string& key);
  std::size_t keys();  ///< how many there are

 private:
  struct Free {
    void operator()(redisContext* context) const noexcept;
  };

  void connect();
  bool answers();

  std::vector<std::string> settings_;  ///< as words of the command line
  std::string password_;
  TemporaryDirectory directory_{"/tmp"};  // a socket's path is short
  std::optional<Program> process_;
  std::unique_ptr<redisContext, Free> context_;
};

}  // namespace tests
