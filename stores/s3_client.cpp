#include "stores/s3_client.hpp"

#include "stores/digest.hpp"
#include "stores/s3_credential_check.hpp"
#include "telemetry/readable.hpp"
#include "telemetry/timestamp.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace stores {
namespace {

S3Request request_of(const S3Call& call, const S3Account& account) {
  S3Request request{.method = call.method,
                    .host = account.endpoint.host,
                    .path = "/" + call.key,
                    .query = call.query,
                    .headers = call.headers};
  if (account.endpoint.path_style)
    request.path = call.key.empty() ? "/" + account.bucket
                                    : "/" + account.bucket + request.path;
  else
    request.host = account.bucket + '.' + request.host;
  return request;
}

bool says_expired(const HttpAnswer& answer) {
  return answer.status / 100 == 4 && error_of(answer).has_expired();
}

}  // namespace

S3Client::S3Client(S3Account account)
    : account_(std::move(account)), http_(account_.patience) {}

HttpAnswer S3Client::send(const S3Call& call) {
  const S3Credentials credentials = account_.credentials->lend();
  HttpAnswer answer = send_as(call, credentials);
  if (!says_expired(answer))
    return answer;
  account_.credentials->reject(credentials);
  const S3Credentials others = account_.credentials->lend();
  return others == credentials ? answer : send_as(call, others);
}

HttpAnswer S3Client::send_as(const S3Call& call,
                             const S3Credentials& credentials) {
  S3Request request = request_of(call, account_);
  sign(request, call.reader ? call.reader_sha256 : sha256_hex(call.body),
       credentials, account_.region, "s3", time_now());
  try {
    return send_timed({.method = call.method,
                       .url = account_.endpoint.scheme + "://" + request.host +
                              request.target(),
                       .headers = std::move(request.headers),
                       .body = call.body,
                       .reader = call.reader,
                       .reader_size = call.reader_size,
                       .sink = call.sink});
  } catch (const HttpFailure& failure) {
    const std::string what = description() + ' ' + failure.what();
    if (failure.may_pass())
      throw StoreUnreachable(what);
    throw StoreError(what);
  }
}

/// What was not answered took its time too.
HttpAnswer S3Client::send_timed(const HttpRequest& request) {
  const auto began = std::chrono::steady_clock::now();
  const auto note = [&] {
    if (account_.times != nullptr)
      account_.times->record(request.method,
                             std::chrono::steady_clock::now() - began);
  };
  try {
    HttpAnswer answer = http_.send(request);
    note();
    return answer;
  } catch (const HttpFailure&) {
    note();
    throw;
  }
}

void S3Client::raise(const S3Error& error) const {
  stores::raise(error,
                {.store = description(),
                 .region = account_.region,
                 .credentials = credentials(),
                 .clock = telemetry::format_timestamp(
                     std::chrono::floor<std::chrono::seconds>(time_now()))});
}

std::string S3Client::description() const {
  return fmt::format("bucket {} at {}://{}",
                     telemetry::in_quotes(account_.bucket),
                     account_.endpoint.scheme, account_.endpoint.host);
}

}  // namespace stores
