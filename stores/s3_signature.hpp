#pragma once

#include <map>
#include <string>
#include <string_view>

#include "telemetry/timestamp.hpp"

namespace stores {

/// What proves to S3 who we are.
struct S3Credentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token;  ///< of temporary credentials; else empty

  bool operator==(const S3Credentials&) const = default;
};

/// What of a request is signed.
struct S3Request {
  std::string method;                          ///< "POST"
  std::string host;                            ///< "s3.example.com:8080"
  std::string path;                            ///< "/bucket/key", not encoded
  std::map<std::string, std::string> query;    ///< not encoded
  std::map<std::string, std::string> headers;  ///< names in lower case

  /// The path and query as they are sent: "/bucket/a%20key?delete=".
  [[nodiscard]] std::string target() const;
};

/// Every byte but letters, digits and "-._~" as %XX, in upper case, as
/// Signature Version 4 wants it; a slash only where asked for.
std::string percent_encoded(std::string_view text, bool slash_too = true);

/// Add the headers that sign \a request by AWS Signature Version 4, in their
/// Authorization form (AWS's "Authenticating Requests", whose published
/// examples are the tests): host, x-amz-date, x-amz-content-sha256,
/// x-amz-security-token where there is one, and authorization.
///
/// Pure; safe from several threads at once.
///
/// \param body_sha256 of the whole body, in hex.
/// \param service "s3", or "sts".
void sign(S3Request& request, std::string_view body_sha256,
          const S3Credentials& credentials, std::string_view region,
          std::string_view service, telemetry::Timestamp now);

}  // namespace stores
