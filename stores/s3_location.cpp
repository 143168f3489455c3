#include "stores/s3_location.hpp"

#include "stores/object_key.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace stores {
namespace {

bool is_letter_or_digit(char letter) {
  return std::isalnum(static_cast<unsigned char>(letter)) != 0;
}

bool is_bucket(std::string_view name) {
  return name.size() >= 3 && name.size() <= 255 &&
         is_letter_or_digit(name.front()) && is_letter_or_digit(name.back()) &&
         name.find("..") == std::string_view::npos &&
         std::ranges::all_of(name, [](char letter) {
           return is_letter_or_digit(letter) || letter == '.' ||
                  letter == '-' || letter == '_';
         });
}

bool is_port(std::string_view text) {
  int port = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size() && port > 0 &&
         port < 65536;
}

bool is_host_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char letter) {
    return is_letter_or_digit(letter) || letter == '.' || letter == '-' ||
           letter == '_';
  });
}

/// "[fd00::1]"
bool is_bracketed(std::string_view name) {
  return name.size() > 4 && name.front() == '[' && name.back() == ']' &&
         std::ranges::all_of(name.substr(1, name.size() - 2), [](char letter) {
           return std::isxdigit(static_cast<unsigned char>(letter)) != 0 ||
                  letter == ':' || letter == '.';
         });
}

std::string_view without_port(std::string_view host) {
  const std::size_t colon = host.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && host.find(']', colon) == host.npos;
  return has_port ? host.substr(0, colon) : host;
}

bool is_http_host(std::string_view host) {
  const std::string_view name = without_port(host);
  return (is_host_name(name) || is_bracketed(name)) &&
         (name.size() == host.size() || is_port(host.substr(name.size() + 1)));
}

}  // namespace

std::optional<S3Url> parse_s3_url(std::string_view text) {
  constexpr std::string_view scheme = "s3://";
  if (!text.starts_with(scheme))
    return std::nullopt;
  text.remove_prefix(scheme.size());
  const std::size_t slash = std::min(text.find('/'), text.size());
  std::string_view prefix = text.substr(std::min(slash + 1, text.size()));
  if (prefix.ends_with('/'))
    prefix.remove_suffix(1);
  S3Url url{std::string(text.substr(0, slash)), std::string(prefix)};
  const bool is_safe =
      prefix.empty() || !poison(ObjectKey{url.prefix, "file"}).has_value();
  if (!is_bucket(url.bucket) || !is_safe)
    return std::nullopt;
  return url;
}

std::optional<S3Endpoint> parse_s3_endpoint(std::string_view text) {
  const std::size_t end = text.find("://");
  if (end == std::string_view::npos)
    return std::nullopt;
  S3Endpoint endpoint{std::string(text.substr(0, end)),
                      std::string(text.substr(end + 3))};
  if (endpoint.host.ends_with('/'))
    endpoint.host.pop_back();
  if ((endpoint.scheme != "http" && endpoint.scheme != "https") ||
      !is_http_host(endpoint.host))
    return std::nullopt;
  return endpoint;
}

bool is_s3_region(std::string_view text) {
  return !text.empty() && text.size() <= 63 &&
         std::ranges::all_of(text, [](char letter) {
           return is_letter_or_digit(letter) || letter == '-';
         });
}

S3Endpoint aws_endpoint(const std::string& region) {
  // https://docs.aws.amazon.com/general/latest/gr/rande.html
  const char* const domain =
      region.starts_with("cn-") ? ".amazonaws.com.cn" : ".amazonaws.com";
  return {"https", "s3." + region + domain};
}

bool needs_path_style(const S3Endpoint& endpoint, std::string_view bucket) {
  const std::string_view name = without_port(endpoint.host);
  const bool is_address =
      name.starts_with('[') || name == "localhost" ||
      name.find_first_not_of("0123456789.") == std::string_view::npos;
  return is_address || bucket.find('.') != std::string_view::npos;
}

}  // namespace stores
