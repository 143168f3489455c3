#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "stores/store.hpp"

namespace stores {

/// No answer came, or not all of it.  what() is the rest of a sentence that
/// begins with who was asked: "does not answer (connection refused)".
class HttpFailure : public std::runtime_error {
 public:
  HttpFailure(const std::string& what, bool may_pass)
      : std::runtime_error(what), may_pass_(may_pass) {}

  /// The same request may succeed a little later.
  [[nodiscard]] bool may_pass() const { return may_pass_; }

 private:
  bool may_pass_;
};

/// How long to bear with a server.
struct HttpPatience {
  std::chrono::milliseconds connect{10'000};  ///< name, connection and TLS
  /// Without a byte in either direction.  Swift takes 7 s to delete 1,000
  /// objects in one request, and says nothing meanwhile.
  std::chrono::milliseconds silence{30'000};
  /// For all of a request; 0 is no limit.
  std::chrono::milliseconds whole{0};
};

/// Header names are in lower case.
using HttpHeaders = std::map<std::string, std::string>;

/// Take down one line of the head of an answer.  A status line begins another
/// head (those before were of "100 Continue"); of a name that comes twice, the
/// last counts; what is no header is left out.  None of it is trusted.
void note_header(HttpHeaders& headers, std::string_view line);

/// Hands out the bytes of a body that is to be sent: copies up to \a size bytes
/// from \a offset on to \a to, and returns how many; 0 at the end.  A request
/// may have to be begun anew, on another connection.
using BodyReader =
    std::function<std::size_t(std::int64_t offset, char* to, std::size_t size)>;

struct HttpRequest {
  std::string method;  ///< "POST"
  std::string url;     ///< sent as it stands: encode it before
  HttpHeaders headers{};
  std::string_view body{};  ///< outlives the request
  BodyReader reader{};      ///< in place of body, where given
  std::int64_t reader_size = 0;
  /// Takes the body of an answer 2xx as it comes; otherwise it is in
  /// HttpAnswer::body.  What it throws goes on.
  ByteSink sink{};
};

struct HttpAnswer {
  int status = 0;  ///< 200
  HttpHeaders headers;
  std::string body;
};

/// Sends requests over HTTP/1.1 and, over TLS, HTTP/2, with libcurl.
///
/// Connections are kept alive: there is one for each thread that sends at the
/// same time, and none is opened before it is needed.  Certificates are
/// verified, against AWS_CA_BUNDLE where that is set.  Redirects are not
/// followed, and no scheme but http and https is spoken.  An answer that is
/// kept in memory is given up at 16 MiB: the longest true one, 1,000 refused
/// keys of 1,024 bytes, has 3.
///
/// May be used from several threads at once.
class HttpClient {
 public:
  enum class Proxy {
    from_environment,  ///< http_proxy, HTTPS_PROXY, NO_PROXY
    never
  };

  explicit HttpClient(HttpPatience patience = {},
                      Proxy proxy = Proxy::from_environment);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// \throws HttpFailure, and what \a request's sink throws.
  HttpAnswer send(const HttpRequest& request);

 private:
  struct Handle;

  std::unique_ptr<Handle> take();
  void give_back(std::unique_ptr<Handle> handle);

  const HttpPatience patience_;
  const Proxy proxy_;
  std::mutex mutex_;  ///< guards what follows
  std::vector<std::unique_ptr<Handle>> idle_;
};

}  // namespace stores
