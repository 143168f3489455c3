#include "stores/s3_error.hpp"

#include "telemetry/readable.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <span>
#include <string_view>

namespace stores {
namespace {

using Codes = std::span<const std::string_view>;

constexpr std::array<std::string_view, 8> busy_codes{"SlowDown",
                                                     "ServiceUnavailable",
                                                     "TooManyRequests",
                                                     "Throttling",
                                                     "ThrottlingException",
                                                     "RequestLimitExceeded",
                                                     "BandwidthLimitExceeded",
                                                     "SlowDownWrite"};
constexpr std::array<std::string_view, 5> passing_codes{
    "InternalError", "RequestTimeout", "OperationAborted", "Busy",
    "InternalServerError"};
constexpr std::array<std::string_view, 3> unknown_codes{
    "NotImplemented", "MethodNotAllowed", "UnsupportedOperation"};
constexpr std::array<std::string_view, 4> checksum_codes{
    "InvalidDigest", "BadDigest", "MissingContentMD5",
    "XAmzContentChecksumMismatch"};
constexpr std::array<std::string_view, 4> expired_codes{
    "ExpiredToken", "TokenRefreshRequired", "InvalidToken",
    "ExpiredTokenException"};
constexpr std::array<std::string_view, 9> object_codes{
    "AccessDenied",      "NoSuchKey",     "InvalidObjectState",
    "ObjectLocked",      "QuotaExceeded", "EntityTooLarge",
    "InvalidObjectName", "InvalidURI",    "KeyTooLongError"};

bool is_one_of(const std::string& code, Codes codes) {
  return std::ranges::find(codes, code) != codes.end();
}

/// Seconds, or a date (RFC 9110, section 10.2.3).
std::chrono::milliseconds read_retry_after(const HttpHeaders& headers) {
  const auto found = headers.find("retry-after");
  if (found == headers.end())
    return {};
  const std::string& text = found->second;
  std::int64_t seconds = 0;
  const char* const end = text.data() + text.size();
  if (const auto [stop, error] = std::from_chars(text.data(), end, seconds);
      error != std::errc{} || stop != end) {
    const std::time_t date = curl_getdate(text.c_str(), nullptr);
    seconds = date < 0 ? 0 : date - std::time(nullptr);
  }
  constexpr std::int64_t longest = 3600;
  return std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, longest));
}

/// A word for people where there is one; the server's own otherwise.
std::string_view words_for(const std::string& code) {
  if (code == "AccessDenied")
    return "access denied";
  if (code == "NoSuchKey")
    return "it is not there";
  if (code == "InvalidObjectState")
    return "it is in an archive";
  return "";
}

std::string of_one_line(const std::string& text) {
  return telemetry::escaped(text.substr(0, 200));
}

std::string elsewhere(const S3Error& error, const S3Asked& asked) {
  if (error.complaint.region.empty())
    return "it is served elsewhere: check --object-store-endpoint and "
           "--object-store-region";
  return fmt::format(
      "it is in region {0}, not {1}: give "
      "--object-store-region {0}",
      of_one_line(error.complaint.region), asked.region);
}

/// What the refusal means, and what to do about it.
std::string advice_on(const S3Error& error, const S3Asked& asked) {
  const std::string& code = error.complaint.code;
  if (code == "NoSuchBucket")
    return "there is no such bucket: check the name in --object-store, and "
           "--object-store-endpoint";
  if (code == "InvalidAccessKeyId")
    return "it does not know the access key: use one of this store";
  if (code == "SignatureDoesNotMatch")
    return "the secret key does not belong to the access key: check both, "
           "and --object-store-region";
  if (error.has_expired())
    return "the session token has expired: get new credentials";
  if (code == "RequestTimeTooSkewed")
    return fmt::format(
        "the clocks differ: {} here, {} there; set the clock of "
        "this host (NTP)",
        asked.clock,
        error.complaint.server_time.empty()
            ? "another time"
            : of_one_line(error.complaint.server_time));
  if (code == "UserSuspended" || code == "AccountProblem")
    return "the user is suspended: enable it, or use another's keys";
  if (code == "AccessDenied")
    return "access denied: grant s3:DeleteObject, s3:GetObject and "
           "s3:PutObject below the prefix, and s3:ListBucket on the bucket";
  if (code == "AuthorizationHeaderMalformed" || code == "PermanentRedirect" ||
      error.status == 301 || error.status == 307)
    return elsewhere(error, asked);
  if (code.empty())
    return "is it an S3 server? check --object-store-endpoint";
  return "check --object-store, --object-store-endpoint and "
         "--object-store-region";
}

}  // namespace

bool S3Error::is_busy() const {
  return is_one_of(complaint.code, busy_codes) || status == 429 ||
         status == 503;
}

bool S3Error::may_pass() const {
  return is_busy() || is_one_of(complaint.code, passing_codes) ||
         status >= 500 || status == 408;
}

bool S3Error::is_unknown_request() const {
  return is_one_of(complaint.code, unknown_codes) || status == 405 ||
         status == 501;
}

bool S3Error::is_about_checksum() const {
  return is_one_of(complaint.code, checksum_codes) ||
         complaint.message.find("Content-MD5") != std::string::npos ||
         complaint.message.find("checksum") != std::string::npos;
}

bool S3Error::has_expired() const {
  return is_one_of(complaint.code, expired_codes);
}

bool S3Error::is_about_object() const {
  return is_one_of(complaint.code, object_codes);
}

std::string S3Error::reason() const {
  return complaint.code.empty() ? fmt::format("HTTP status {}", status)
                                : reason_of(complaint);
}

S3Error error_of(const HttpAnswer& answer) {
  S3Error error{
      .status = answer.status,
      .complaint = read_complaint(answer.body).value_or(S3Complaint{}),
      .retry_after = read_retry_after(answer.headers)};
  const auto region = answer.headers.find("x-amz-bucket-region");
  if (error.complaint.region.empty() && region != answer.headers.end())
    error.complaint.region = region->second;
  const auto date = answer.headers.find("date");
  if (error.complaint.server_time.empty() && date != answer.headers.end())
    error.complaint.server_time = date->second;
  return error;
}

bool may_pass(const S3Complaint& complaint) {
  return is_one_of(complaint.code, busy_codes) ||
         is_one_of(complaint.code, passing_codes);
}

std::string reason_of(const S3Complaint& complaint) {
  const std::string_view words = words_for(complaint.code);
  return fmt::format("{} ({})",
                     words.empty() ? of_one_line(complaint.message) : words,
                     of_one_line(complaint.code));
}

void raise(const S3Error& error, const S3Asked& asked) {
  const std::string said = error.complaint.code.empty()
                               ? fmt::format("HTTP status {}", error.status)
                               : of_one_line(error.complaint.code);
  if (error.is_busy())
    throw StoreBusy(
        fmt::format("{} asks us to slow down ({})", asked.store, said),
        error.retry_after);
  if (error.may_pass())
    throw StoreUnreachable(fmt::format(
        "{} can't answer now ({}): look at the server", asked.store, said));
  throw StoreError(fmt::format("{} refuses us ({}; credentials from {}): {}",
                               asked.store, said, asked.credentials,
                               advice_on(error, asked)));
}

}  // namespace stores
