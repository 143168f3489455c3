#pragma once

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/temporary_directory.hpp"

namespace tests {

/// A network between the program and a Redis: passes on what they say, and
/// hangs up once where a test wants it.
///
///     tests::RedisProxy proxy(server.socket());
///     proxy.lose_answer();
///     stores::Redis redis(stores::parse_redis_url(proxy.url()), stop);
class RedisProxy {
 public:
  /// \throws std::runtime_error
  explicit RedisProxy(std::string server);
  ~RedisProxy();
  RedisProxy(const RedisProxy&) = delete;
  RedisProxy& operator=(const RedisProxy&) = delete;

  [[nodiscard]] std::string url() const { return "unix://" + socket(); }

  /// Hang up in place of Redis's next answer, of which \a passed bytes still
  /// get through: Redis has carried the commands out, and nobody hears of it.
  void lose_answer(int passed = 0) {
    hung_up_ = false;
    to_pass_ = passed;
  }
  /// Whether it has done so since.
  [[nodiscard]] bool has_hung_up() const { return hung_up_; }

 private:
  [[nodiscard]] std::string socket() const;
  void accept_all();
  void converse(int client, int server);
  bool answer(int client, const std::string& bytes);

  std::string server_;
  TemporaryDirectory directory_{"/tmp"};  // a socket's path is short
  int listener_ = -1;
  std::atomic<bool> hung_up_{false};
  std::atomic<bool> closing_{false};
  std::atomic<int> to_pass_{-1};  ///< below 0: all
  std::vector<int> sockets_;      ///< the acceptor's, until it has ended
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace tests
