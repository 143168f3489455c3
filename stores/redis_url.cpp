#include "stores/redis_url.hpp"

#include "telemetry/readable.hpp"

#include <charconv>
#include <limits>
#include <stdexcept>

namespace stores {
namespace {

/// The longest path that the address of a unix socket holds.
constexpr std::size_t longest_path = 107;

[[noreturn]] void refuse_url(const std::string& why) {
  throw std::invalid_argument("the URL of Redis " + why);
}

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix))
    return false;
  text.remove_prefix(prefix.size());
  return true;
}

int number(std::string_view text, int least, int most, const char* why) {
  int value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || value < least || value > most)
    refuse_url(why);
  return value;
}

int database_number(std::string_view text) {
  return number(text, 0, std::numeric_limits<int>::max(),
                "has a database that is not a number");
}

char decoded_byte(std::string_view digits) {
  unsigned byte = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, byte, 16);
  if (digits.size() != 2 || error != std::errc() || stop != end)
    refuse_url(
        "has a '%' without two hex digits: write %25 for a percent sign");
  return static_cast<char>(byte);
}

std::string percent_decoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      result += decoded_byte(text.substr(i + 1, 2));
      i += 2;
    } else {
      result += text[i];
    }
  }
  return result;
}

/// Cut [USER]:PASSWORD@ off the front, if it is there.
void take_user(std::string_view& text, RedisUrl& url) {
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos)
    return;
  const std::string_view both = text.substr(0, at);
  const std::size_t colon = both.find(':');
  if (both.find_first_of("/?#") != std::string_view::npos)
    refuse_url("has a '/', '?' or '#' before the '@': write %2F, %3F, %23");
  if (colon == std::string_view::npos || colon + 1 == both.size())
    refuse_url(
        "has no password before the '@': write USER:PASSWORD or :PASSWORD");
  url.user = percent_decoded(both.substr(0, colon));
  url.password = percent_decoded(both.substr(colon + 1));
  text.remove_prefix(at + 1);
}

std::string take_host(std::string_view& text) {
  const bool bracketed = take(text, "[");
  const std::size_t end = text.find(bracketed ? ']' : ':');
  if (bracketed && end == std::string_view::npos)
    refuse_url("has a '[' without a ']'");
  std::string host(text.substr(0, end));
  text.remove_prefix(host.size() + (bracketed ? 1 : 0));
  return host;
}

bool is_host(const std::string& text) {
  return !text.empty() && text.find_first_not_of(
                              "abcdefghijklmnopqrstuvwxyz"
                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                              "0123456789-._:%") == std::string::npos;
}

/// HOST[:PORT]
void read_address(std::string_view text, RedisUrl& url) {
  url.host = take_host(text);
  if (!is_host(url.host))
    refuse_url("has no host, or one with characters that no host has");
  constexpr const char* wrong = "has a port that is not a number up to 65535";
  if (take(text, ":"))
    url.port = number(text, 1, 65535, wrong);
  else if (!text.empty())
    refuse_url(wrong);
}

/// [[USER]:PASSWORD@]HOST[:PORT][/DATABASE]
void read_server(std::string_view text, RedisUrl& url) {
  take_user(text, url);
  const std::size_t slash = text.find('/');
  read_address(text.substr(0, slash), url);
  if (slash != std::string_view::npos && slash + 1 < text.size())
    url.database = database_number(text.substr(slash + 1));
}

/// [[USER]:PASSWORD@]/PATH/TO/SOCKET[?db=DATABASE]
void read_socket(std::string_view text, RedisUrl& url) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos || (slash > 0 && text[slash - 1] != '@'))
    refuse_url("has no path that begins with '/'");
  std::string_view user = text.substr(0, slash);
  take_user(user, url);

  const std::size_t query = text.find('?', slash);
  url.socket = text.substr(slash, query - slash);
  if (url.socket.find('\0') != std::string::npos)
    refuse_url("has a NUL in its path");
  if (url.socket.size() > longest_path)
    refuse_url("has a path of over 107 bytes, which no socket can have");
  if (query == std::string_view::npos)
    return;
  std::string_view database = text.substr(query + 1);
  if (!take(database, "db="))
    refuse_url("may have ?db=NUMBER after the path, and nothing else");
  url.database = database_number(database);
}

}  // namespace

std::string RedisUrl::description() const {
  const bool bracketed = host.find(':') != std::string::npos;
  const std::string address =
      (bracketed ? '[' + host + ']' : host) + ':' + std::to_string(port);
  return "Redis at " + telemetry::in_quotes(socket.empty() ? address : socket);
}

RedisUrl parse_redis_url(std::string_view text) {
  RedisUrl url;
  if (take(text, "redis://")) {
    read_server(text, url);
  } else if (take(text, "rediss://")) {
    url.tls = true;
    read_server(text, url);
  } else if (take(text, "unix://") || take(text, "unix:")) {
    read_socket(text, url);
  } else {
    refuse_url("must begin with redis://, rediss:// or unix://");
  }
  return url;
}

}  // namespace stores
