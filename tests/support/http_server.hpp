#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace tests {

/// What a client asked.
struct HttpCall {
  std::string method;                          ///< "POST"
  std::string target;                          ///< "/path?query", as it came
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;
};

/// What to answer, and what to do wrong about it.
struct HttpReply {
  int status = 200;
  std::map<std::string, std::string> headers{};
  std::string body{};

  /// In place of body: called for one piece after the other, until one is
  /// empty.  Content-Length is pieces_size, unless it is chunked.
  std::function<std::string()> pieces{};
  std::int64_t pieces_size = 0;
  bool chunked = false;  ///< each piece, or the whole body, is a chunk

  std::chrono::milliseconds delay{0};  ///< before the first byte
  std::optional<std::string> raw{};    ///< in place of all of it; then hang up
  /// Hang up after so many bytes, of headers and body; 0 sends none at all.
  std::optional<std::size_t> close_after{};
  bool reset = false;  ///< hang up by RST, not by FIN
};

class HttpTalk;

/// A server of HTTP/1.1 in this process, at a port of 127.0.0.1 of its own,
/// that answers what a test tells it to.
///
///     tests::HttpServer server([](const tests::HttpCall& call) {
///       return tests::HttpReply{.status = 404, .body = call.target};
///     });
///     client.send({.method = "GET", .url = server.url() + "/path"});
///     CHECK(server.calls().size() == 1);
///
/// Connections are kept alive, and each is a thread.  "100 Continue" is sent to
/// who waits for it.  Bodies of a length that is not told before (chunks) are
/// refused with 411.
///
/// The handler is called by several threads at once, and must not use Catch's
/// macros, which are for one thread.  What it throws is the body of a 500.
class HttpServer {
 public:
  using Handler = std::function<HttpReply(const HttpCall&)>;
  /// Called when the headers have come: a reply that does not wait for the
  /// body, and after which the server hangs up; or nothing.
  using Early = std::function<std::optional<HttpReply>(const HttpCall&)>;

  /// \throws std::runtime_error
  explicit HttpServer(Handler handler, Early early = {});
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string url() const {
    return "http://127.0.0.1:" + std::to_string(port_);
  }

  /// All that came so far, whole.
  [[nodiscard]] std::vector<HttpCall> calls() const;
  [[nodiscard]] std::size_t count() const;
  /// How many connections there were.
  [[nodiscard]] int connections() const { return connections_; }

 private:
  void accept_all();
  void converse(int client);
  bool answer_next(HttpTalk& talk, bool& reset);
  std::optional<HttpReply> early_reply(const HttpCall& call);
  HttpReply reply_to(const HttpCall& call);
  void record(const HttpCall& call);
  bool wait(std::chrono::milliseconds delay);

  const Handler handler_;
  const Early early_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> connections_{0};
  mutable std::mutex mutex_;  ///< guards what follows
  std::condition_variable closes_;
  bool closing_ = false;
  std::vector<HttpCall> calls_;
  std::set<int> clients_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace tests
