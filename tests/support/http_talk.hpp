#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "tests/support/http_server.hpp"

namespace tests {

/// What a server of HTTP/1.1 hears and says on one connection.  To be used by
/// one thread; the socket belongs to somebody else.
class HttpTalk {
 public:
  explicit HttpTalk(int client) : client_(client) {}

  /// \return nothing if the client has gone.
  std::optional<HttpCall> hear_head();
  /// \return false if the client has gone.
  bool hear_body(HttpCall& call);

  /// \return false if the client has gone, or the connection is to end here.
  bool say_continue();
  bool say(const HttpReply& reply, const HttpCall& call);

  /// Say no more, and wait until the client has heard it all and hung up: what
  /// it sent and nobody read would have the kernel reset the connection.
  void say_farewell() const;

 private:
  bool say_body(const HttpReply& reply);
  bool say_bytes(std::string_view bytes);
  bool hear_more();

  const int client_;
  std::string heard_;
  std::optional<std::size_t> left_;  ///< so many bytes get through
};

}  // namespace tests
