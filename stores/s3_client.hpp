#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "stores/http.hpp"
#include "stores/s3_credentials.hpp"
#include "stores/s3_error.hpp"
#include "stores/s3_location.hpp"
#include "telemetry/durations.hpp"

namespace stores {

/// A bucket, where it is, and who we are there.
struct S3Account {
  std::string bucket;
  S3Endpoint endpoint;
  std::string region;
  std::shared_ptr<CredentialLender> credentials;
  HttpPatience patience;
  telemetry::Durations* times = nullptr;  ///< takes what requests took
};

/// One request to a bucket.
struct S3Call {
  std::string method;
  std::string key{};  ///< with its prefix; empty: the bucket itself
  std::map<std::string, std::string> query{};
  HttpHeaders headers{};
  std::string_view body{};
  BodyReader reader{};  ///< in place of body, where given
  std::int64_t reader_size = 0;
  std::string reader_sha256{};  ///< of what the reader hands out, in hex
  ByteSink sink{};              ///< as HttpRequest::sink
};

/// Signs requests to one bucket, and sends them.  May be used from several
/// threads at once.
class S3Client {
 public:
  explicit S3Client(S3Account account);

  /// \return the answer, whatever its status.  Where the credentials had
  ///         expired, it is the answer to a second try with others.
  /// \throws StoreUnreachable if there was none, StoreError if there are no
  ///         credentials or the server's certificate is not trusted.
  HttpAnswer send(const S3Call& call);

  /// Tell what an answer means for the store as a whole.
  ///
  /// \throws as raise()
  [[noreturn]] void raise(const S3Error& error) const;

  /// "bucket 'artifacts' at https://s3.example.com"
  [[nodiscard]] std::string description() const;
  [[nodiscard]] std::string credentials() const {
    return account_.credentials->description();
  }

 private:
  HttpAnswer send_as(const S3Call& call, const S3Credentials& credentials);
  HttpAnswer send_timed(const HttpRequest& request);

  const S3Account account_;
  HttpClient http_;
};

}  // namespace stores
