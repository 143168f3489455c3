#include "stores/s3_source_client.hpp"

#include "stores/s3_credential_check.hpp"
#include "stores/s3_error.hpp"

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <thread>
#include <utility>

#include <strings.h>

namespace stores {
namespace {

/// Credentials have 2 KiB; those of roles with many tags 8.
constexpr std::size_t longest_credentials = std::size_t{64} << 10;

bool is_of_http(std::string_view url) {
  return url.starts_with("http://") || url.starts_with("https://");
}

/// STS answers 400 if the identity's provider did not answer it in time.
bool may_pass_later(const HttpAnswer& answer) {
  if (answer.status / 100 == 2)
    return false;
  const S3Error error = error_of(answer);
  return error.may_pass() || error.complaint.code == "IDPCommunicationError";
}

}  // namespace

std::optional<std::string> variable_of(const char* name) {
  const char* const value = std::getenv(name);
  if (value == nullptr || *value == '\0')
    return std::nullopt;
  return value;
}

bool is_true(const char* name) {
  return ::strcasecmp(variable_of(name).value_or("").c_str(), "true") == 0;
}

bool is_plain_url(const std::string& text) {
  // A client may take "http://a\@b" or "http://a b" for what it is not.
  return text.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
             "-._~:/?[]!$&'()*+,;=%") == std::string::npos;
}

std::optional<std::string> url_in(const char* name) {
  std::optional<std::string> url = variable_of(name);
  if (!url)
    return url;
  if (!is_of_http(*url) || !is_plain_url(*url) ||
      url->find('?') != std::string::npos)
    throw StoreError(std::string(name) +
                     " is no URL: write http://HOST[:PORT] or "
                     "https://HOST[:PORT]");
  url->erase(url->find_last_not_of('/') + 1);
  return url;
}

SourceClient::SourceClient(SourceServer server, const SourcePatience& patience,
                           HttpClient::Proxy proxy)
    : server_(std::move(server)),
      patience_(patience),
      http_(patience.http, proxy) {}

HttpAnswer SourceClient::ask(const HttpRequest& request) {
  std::chrono::milliseconds pause = patience_.pause;
  for (int tries = 1; tries < patience_.tries; ++tries) {
    try {
      return ask_once(request);
    } catch (const StoreUnreachable&) {
      std::this_thread::sleep_for(pause);
      pause *= 2;
    }
  }
  return ask_once(request);
}

HttpAnswer SourceClient::ask_once(const HttpRequest& request) {
  try {
    HttpAnswer answer = http_.send(request);
    if (may_pass_later(answer))
      throw StoreUnreachable(
          server_.name + " can't answer now (" +
          name_of_error(error_of(answer).complaint.code, answer.status) +
          "): run again");
    if (answer.body.size() > longest_credentials)
      throw StoreError(server_.name +
                       " answers with over 64 KiB: look who answers there");
    return answer;
  } catch (const HttpFailure& failure) {
    const std::string what = server_.name + ' ' + failure.what();
    if (failure.may_pass())
      throw StoreUnreachable(what + ": " + server_.if_it_fails);
    throw StoreError(what);
  }
}

}  // namespace stores
