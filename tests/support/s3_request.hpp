#pragma once

#include <curl/curl.h>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/s3_server.hpp"

namespace tests {

struct S3Answer {
  long status = 0;
  std::string body;
};

/// Each byte but letters, digits and "-._~" as %XX; also "/", unless
/// \a slashes are to be kept.
std::string percent_encoded(std::string_view bytes, bool slashes = false);
std::string percent_decoded(std::string_view text);
/// XML's "&amp;" and the like as what they mean.
std::string unescaped(std::string_view xml);

/// What stands between <name> and </name>, wherever they are in \a xml.
std::vector<std::string> elements(std::string_view xml, std::string_view name);

/// Sends requests by libcurl, which signs them too, over a connection that is
/// kept.  For one thread at a time.
class S3Connection {
 public:
  /// \param patience for one request
  explicit S3Connection(S3Server server, std::chrono::milliseconds patience =
                                             std::chrono::seconds{60});

  /// \param path  percent-encoded, with the leading slash
  /// \param query "a=1&b=": the names in order, each with its "=", encoded
  /// \throws std::runtime_error if there is no answer.
  S3Answer send(const std::string& method, const std::string& path,
                const std::string& query = "", const std::string& body = "");
  /// \throws std::runtime_error if the status is none of those.
  S3Answer expect(const std::vector<long>& statuses, const std::string& method,
                  const std::string& path, const std::string& query = "",
                  const std::string& body = "");

 private:
  struct Close {
    void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
  };

  void prepare(const std::string& method, const std::string& url,
               const std::string& body);

  S3Server server_;
  std::chrono::milliseconds patience_;
  std::unique_ptr<CURL, Close> handle_;
};

/// Do \a work for each number below \a count, by several threads, each with a
/// connection of its own.
///
/// \throws the first exception of \a work, when all threads have ended.
void share_out(const S3Server& server, std::size_t count,
               const std::function<void(S3Connection&, std::size_t)>& work);

}  // namespace tests
