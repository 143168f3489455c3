#include "stores/redis_url.hpp"
#include "stores/s3_signature.hpp"
#include "tests/fuzz/fuzzing.hpp"
#include "tests/fuzz/targets.hpp"

#include <optional>
#include <stdexcept>

namespace fuzz {
namespace {

using stores::RedisUrl;

std::optional<RedisUrl> parse(const std::string& text) {
  try {
    return stores::parse_redis_url(text);
  } catch (const std::invalid_argument& error) {
    must_be_harmless(error.what());
    must_keep_secret(error.what());
    return std::nullopt;
  }
}

std::string user_of(const RedisUrl& url) {
  if (url.password.empty())
    return {};
  return stores::percent_encoded(url.user) + ':' +
         stores::percent_encoded(url.password) + '@';
}

std::string written(const RedisUrl& url) {
  const std::string database = std::to_string(url.database);
  if (!url.socket.empty())
    return "unix://" + user_of(url) + url.socket + "?db=" + database;
  const bool is_bracketed = url.host.find(':') != std::string::npos;
  return (url.tls ? "rediss://" : "redis://") + user_of(url) +
         (is_bracketed ? '[' + url.host + ']' : url.host) + ':' +
         std::to_string(url.port) + '/' + database;
}

bool are_equal(const RedisUrl& a, const RedisUrl& b) {
  return a.host == b.host && a.port == b.port && a.socket == b.socket &&
         a.user == b.user && a.password == b.password &&
         a.database == b.database && a.tls == b.tls;
}

void must_make_sense(const RedisUrl& url) {
  must(url.host.empty() != url.socket.empty(), "neither a host nor a socket");
  must(url.port > 0 && url.port < 65536 && url.database >= 0,
       "a number out of its range");
  must(url.socket.empty() || url.socket.front() == '/', "a relative socket");
  must(url.socket.find('\0') == std::string::npos &&
           url.host.find('\0') == std::string::npos,
       "a host or socket that a NUL cuts off");
  must_be_harmless(url.description());
  // A host or a path may hold the same by chance, but not this.
  if (url.host.find(secret) == std::string::npos &&
      url.socket.find(secret) == std::string::npos)
    must_keep_secret(url.description());
}

}  // namespace

void redis_url(std::string_view bytes) {
  const std::string text(bytes);
  if (const auto url = parse(text)) {
    must_make_sense(*url);
    const auto again = parse(written(*url));
    must(again && are_equal(*url, *again), "a URL of Redis changes");
  }
  for (const char* scheme : {"redis://:", "rediss://a:", "unix://:"})
    for (const char* end : {"@host", "@/socket", "/0"})
      parse(scheme + std::string(secret) + text + end);
}

}  // namespace fuzz
