#include "stores/object_key.hpp"
#include "stores/s3_location.hpp"
#include "stores/s3_signature.hpp"
#include "stores/s3_source_client.hpp"
#include "tests/fuzz/fuzzing.hpp"
#include "tests/fuzz/targets.hpp"

#include <curl/curl.h>

#include <memory>

namespace fuzz {
namespace {

using ParsedUrl = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

/// As the HTTP client will read it; null if it won't.
ParsedUrl parse_as_client(const std::string& url) {
  ParsedUrl parsed(curl_url(), curl_url_cleanup);
  if (curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK)
    parsed.reset();
  return parsed;
}

bool has(const ParsedUrl& url, CURLUPart part) {
  char* text = nullptr;
  const bool is_there = curl_url_get(url.get(), part, &text, 0) == CURLUE_OK;
  curl_free(text);
  return is_there;
}

void must_have_no_user(const ParsedUrl& url) {
  must(!has(url, CURLUPART_USER) && !has(url, CURLUPART_PASSWORD),
       "the client reads a user where we read none");
}

void try_bucket(const std::string& text) {
  const auto url = stores::parse_s3_url(text);
  if (!url)
    return;
  const std::string again =
      "s3://" + url->bucket + (url->prefix.empty() ? "" : "/" + url->prefix);
  must(stores::parse_s3_url(again) == url, "a bucket's URL changes");
  must(url->bucket.find_first_of(" /?#@:\r\n%\\") == std::string::npos,
       "a bucket that would be more than a part of a URL");
  must(url->prefix.empty() || !stores::poison({url->prefix, "file"}),
       "a prefix that leads out of the bucket");
}

void try_endpoint(const std::string& text) {
  const auto endpoint = stores::parse_s3_endpoint(text);
  if (!endpoint)
    return;
  const std::string again = endpoint->scheme + "://" + endpoint->host;
  must(stores::parse_s3_endpoint(again) == endpoint, "an endpoint changes");
  if (const ParsedUrl url = parse_as_client(again)) {
    must_have_no_user(url);
    must(!has(url, CURLUPART_QUERY) && !has(url, CURLUPART_FRAGMENT),
         "the client reads a query where we read a host");
  }
}

void try_region(const std::string& text) {
  if (stores::is_s3_region(text)) {
    const stores::S3Endpoint endpoint = stores::aws_endpoint(text);
    must(stores::parse_s3_endpoint("https://" + endpoint.host).has_value(),
         "a region that makes no host");
  }
}

void try_encoding(const std::string& text) {
  const std::string encoded = stores::percent_encoded(text);
  must(encoded.find_first_not_of(
           "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
           "-._~%") == std::string::npos,
       "an encoded text with what must be encoded");
  int length = 0;
  char* const decoded = curl_easy_unescape(
      nullptr, encoded.data(), static_cast<int>(encoded.size()), &length);
  must(std::string_view(decoded, static_cast<std::size_t>(length)) == text,
       "an encoded text that is decoded to another");
  curl_free(decoded);
}

void try_plain(const std::string& text) {
  if (!stores::is_plain_url(text))
    return;
  if (const ParsedUrl url = parse_as_client("http://" + text))
    must_have_no_user(url);
}

}  // namespace

void s3_url(std::string_view bytes) {
  const std::string text(bytes);
  try_bucket(text);
  try_endpoint(text);
  try_region(text);
  try_encoding(text);
  try_plain(text);
}

}  // namespace fuzz
