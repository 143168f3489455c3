#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace stores {

/// A bucket, and what stands before every key in it.
struct S3Url {
  std::string bucket;
  std::string prefix;  ///< "artifacts/production", or empty; no slash at ends

  bool operator==(const S3Url&) const = default;
};

/// Read s3://BUCKET[/PREFIX].
///
/// \return nothing if it is no such URL: a bucket's name has 3 to 255 letters,
///         digits, dots, dashes and underscores (AWS allows 63, the servers of
///         others more); a prefix has no empty, "." or ".." component.
std::optional<S3Url> parse_s3_url(std::string_view text);

/// What speaks S3, and how its buckets are named in a request.
struct S3Endpoint {
  std::string scheme;  ///< "https"
  std::string host;    ///< "s3.example.com:9000": as the Host header has it
  bool path_style = false;  ///< https://host/bucket/key, not bucket.host/key

  bool operator==(const S3Endpoint&) const = default;
};

/// Read http[s]://HOST[:PORT].
///
/// \return nothing if it is no such URL: there is no path, no user, no query.
std::optional<S3Endpoint> parse_s3_endpoint(std::string_view text);

/// Letters, digits and dashes, as it stands in names of hosts and signatures.
bool is_s3_region(std::string_view text);

/// AWS's own, "https://s3.eu-west-1.amazonaws.com".
S3Endpoint aws_endpoint(const std::string& region);

/// A bucket can't stand before this host: it is an address, or the bucket's
/// name has a dot, which no certificate of "*.host" covers.
bool needs_path_style(const S3Endpoint& endpoint, std::string_view bucket);

}  // namespace stores
