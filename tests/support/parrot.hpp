#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "tests/support/temporary_directory.hpp"

namespace tests {

/// A server on a unix socket that says the same bytes to whoever connects, and
/// hears nothing: for what a real server never says.  One client at a time.
///
///     tests::Parrot parrot(tests::Parrot::hangs_up);
///     parrot.learn("+OK\r\n");
///     stores::Redis redis(stores::parse_redis_url(parrot.url()), stop);
class Parrot {
 public:
  enum After { stays, hangs_up };

  /// \param after it has spoken
  /// \throws std::runtime_error
  explicit Parrot(After after);
  ~Parrot();
  Parrot(const Parrot&) = delete;
  Parrot& operator=(const Parrot&) = delete;

  [[nodiscard]] std::string socket() const {
    return (directory_.path() / "parrot").string();
  }
  [[nodiscard]] std::string url() const { return "unix://" + socket(); }

  /// What to say to the next client.
  void learn(std::string_view words);

 private:
  void serve();

  const After after_;
  TemporaryDirectory directory_{"/tmp"};  // a socket's path is short
  int listener_;
  std::mutex mutex_;  ///< guards what follows
  std::string words_;
  std::thread thread_;
};

}  // namespace tests
