#include "tests/support/http_server.hpp"

#include <catch2/catch.hpp>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <utility>

using tests::HttpCall;
using tests::HttpReply;
using tests::HttpServer;

namespace {

/// A client that says what no proper client would.
class Client {
 public:
  explicit Client(const HttpServer& server)
      : handle_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(server.port()));
    ::connect(handle_, reinterpret_cast<sockaddr*>(&address), sizeof address);
  }
  ~Client() { ::close(handle_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void say(const std::string& bytes) const {
    ::send(handle_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }

  /// All up to this, or up to the end.
  std::string hear_to(const std::string& end) {
    std::size_t looked = 0;
    std::size_t at = std::string::npos;
    while ((at = heard_.find(end, looked)) == std::string::npos) {
      looked = heard_.size() - std::min(heard_.size(), end.size());
      if (!hear_more())
        return std::exchange(heard_, "");
    }
    std::string text = heard_.substr(0, at + end.size());
    heard_.erase(0, text.size());
    return text;
  }

  /// How many bytes come before the server hangs up, and how it does: 0, or
  /// the errno.
  std::pair<std::size_t, int> hear_all() {
    std::size_t count = heard_.size();
    heard_.clear();
    while (hear_more()) {
      count += heard_.size();
      heard_.clear();
    }
    return {count, error_};
  }

 private:
  bool hear_more() {
    std::array<char, 65536> buffer{};
    const auto count = ::recv(handle_, buffer.data(), buffer.size(), 0);
    error_ = count < 0 ? errno : 0;
    if (count > 0)
      heard_.append(buffer.data(), static_cast<std::size_t>(count));
    return count > 0;
  }

  int handle_;
  int error_ = 0;
  std::string heard_;
};

const std::string get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

std::pair<std::size_t, int> heard_of(const HttpReply& reply) {
  HttpServer server([&reply](const HttpCall&) { return reply; });
  Client client(server);
  client.say(get);
  return client.hear_all();
}

}  // namespace

TEST_CASE("the scripted HTTP server keeps a connection, and what was asked",
          "[unit]") {
  HttpServer server([](const HttpCall& call) {
    return HttpReply{.headers = {{"x-name", "value"}}, .body = call.body};
  });
  Client client(server);
  client.say(
      "PUT /a?b HTTP/1.1\r\nX-Some:  Value\r\nContent-Length: 4\r\n\r\nby");
  client.say("te");
  CHECK(client.hear_to("byte") ==
        "HTTP/1.1 200 Told\r\nx-name: value\r\ncontent-length: 4\r\n\r\nbyte");
  client.say("HEAD / HTTP/1.1\r\n\r\n" + get);
  CHECK(client.hear_to("\r\n\r\n") == client.hear_to("\r\n\r\n"));

  const auto calls = server.calls();
  REQUIRE(calls.size() == 3);
  CHECK(calls[0].method == "PUT");
  CHECK(calls[0].target == "/a?b");
  CHECK(calls[0].headers.at("x-some") == "Value");
  CHECK(calls[0].body == "byte");
  CHECK(server.connections() == 1);
}

TEST_CASE("the scripted HTTP server says 100 Continue to who waits for it",
          "[unit]") {
  HttpServer server(
      [](const HttpCall& call) { return HttpReply{.body = call.body}; });
  Client client(server);
  client.say(
      "PUT / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  CHECK(client.hear_to("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
  client.say("byte");
  CHECK(client.hear_to("byte").ends_with("\r\n\r\nbyte"));
}

TEST_CASE("the scripted HTTP server may answer before the body has come",
          "[unit]") {
  HttpServer server([](const HttpCall&) { return HttpReply{}; },
                    [](const HttpCall& call) -> std::optional<HttpReply> {
                      if (call.target != "/early")
                        return std::nullopt;
                      return HttpReply{.status = 403, .body = "no"};
                    });
  Client client(server);
  client.say(get);
  CHECK(client.hear_to("\r\n\r\n").starts_with("HTTP/1.1 200"));
  client.say("PUT /early HTTP/1.1\r\nContent-Length: 9999\r\n\r\nsome");
  const std::string answer = client.hear_to("nothing");
  CHECK(answer.starts_with("HTTP/1.1 403"));
  CHECK(answer.ends_with("\r\n\r\nno"));
}

TEST_CASE("the scripted HTTP server sends pieces, as chunks where told",
          "[unit]") {
  std::atomic<int> left = 0;
  const auto pieces = [&left] {
    return left-- > 0 ? std::string(1 << 20, 'x') : "";
  };
  HttpServer server([&](const HttpCall& call) {
    left = 20;
    const bool chunked = call.method == "GET";
    return HttpReply{.pieces = pieces,
                     .pieces_size = std::int64_t{20} << 20,
                     .chunked = chunked,
                     .close_after = chunked ? std::optional<std::size_t>{}
                                            : std::size_t{12} << 20};
  });
  Client client(server);
  client.say(get);
  CHECK(client.hear_to("\r\n\r\n") ==
        "HTTP/1.1 200 Told\r\ntransfer-encoding: chunked\r\n\r\n");
  CHECK(client.hear_to("\r\n") == "100000\r\n");
  CHECK(client.hear_to("\r\n0\r\n\r\n").size() > std::size_t{20} << 20);
  client.say("POST / HTTP/1.1\r\n\r\n");
  CHECK(client.hear_all() == std::pair{std::size_t{12} << 20, 0});
}

TEST_CASE("the scripted HTTP server hangs up as told", "[unit]") {
  CHECK(heard_of({.raw = "not HTTP"}) == std::pair{std::size_t{8}, 0});
  CHECK(heard_of({.body = "text", .close_after = 0}) ==
        std::pair{std::size_t{0}, 0});
  CHECK(heard_of({.body = "text", .close_after = 20}) ==
        std::pair{std::size_t{20}, 0});
  CHECK(heard_of({.close_after = 0, .reset = true}).second == ECONNRESET);
}

TEST_CASE("the scripted HTTP server ends while it waits", "[unit]") {
  const auto start = std::chrono::steady_clock::now();
  {
    HttpServer server([](const HttpCall&) {
      return HttpReply{.delay = std::chrono::hours{1}};
    });
    Client client(server);
    client.say(get);
    while (server.count() == 0)
      std::this_thread::yield();
  }
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds{10});
}
