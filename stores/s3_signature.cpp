#include "stores/s3_signature.hpp"

#include "stores/digest.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <cctype>

namespace stores {
namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";

std::string hmac(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> sum{};
  unsigned length = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(),
       sum.data(), &length);
  return {reinterpret_cast<const char*>(sum.data()), length};
}

bool is_unreserved(char letter) {
  return std::isalnum(static_cast<unsigned char>(letter)) != 0 ||
         std::string_view("-._~").find(letter) != std::string_view::npos;
}

/// "20130524T000000Z"
std::string compact_time(telemetry::Timestamp now) {
  std::string text;
  for (const char letter : telemetry::format_timestamp(now)) {
    if (letter == '.')
      break;
    if (letter != '-' && letter != ':' && letter != 'Z')
      text += letter;
  }
  return text + 'Z';
}

std::string encoded_query(const std::map<std::string, std::string>& query) {
  std::string text;
  for (const auto& [name, value] : query)
    text += (text.empty() ? "" : "&") + percent_encoded(name) + '=' +
            percent_encoded(value);
  return text;
}

std::string names_of(const std::map<std::string, std::string>& headers) {
  std::string names;
  for (const auto& [name, value] : headers)
    names += (names.empty() ? "" : ";") + name;
  return names;
}

std::string canonical(const S3Request& request, std::string_view body_sha256) {
  std::string text = request.method + '\n' +
                     percent_encoded(request.path, /*slash_too=*/false) + '\n' +
                     encoded_query(request.query) + '\n';
  for (const auto& [name, value] : request.headers)
    text += name + ':' + value + '\n';
  return text.append(1, '\n')
      .append(names_of(request.headers))
      .append(1, '\n')
      .append(body_sha256);
}

}  // namespace

std::string percent_encoded(std::string_view text, bool slash_too) {
  std::string encoded;
  for (const char letter : text)
    if (is_unreserved(letter) || (letter == '/' && !slash_too))
      encoded += letter;
    else
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(letter));
  return encoded;
}

std::string S3Request::target() const {
  const std::string encoded = percent_encoded(path, /*slash_too=*/false);
  return query.empty() ? encoded : encoded + '?' + encoded_query(query);
}

void sign(S3Request& request, std::string_view body_sha256,
          const S3Credentials& credentials, std::string_view region,
          std::string_view service, telemetry::Timestamp now) {
  const std::string time = compact_time(now);
  const std::string day = time.substr(0, 8);
  request.headers["host"] = request.host;
  request.headers["x-amz-date"] = time;
  request.headers["x-amz-content-sha256"] = body_sha256;
  if (!credentials.session_token.empty())
    request.headers["x-amz-security-token"] = credentials.session_token;

  const std::string scope =
      fmt::format("{}/{}/{}/aws4_request", day, region, service);
  const std::string to_sign =
      fmt::format("{}\n{}\n{}\n{}", algorithm, time, scope,
                  sha256_hex(canonical(request, body_sha256)));
  std::string key = "AWS4" + credentials.secret_key;
  for (const std::string_view part : {std::string_view(day), region, service,
                                      std::string_view("aws4_request")})
    key = hmac(key, part);
  request.headers["authorization"] =
      fmt::format("{} Credential={}/{},SignedHeaders={},Signature={}",
                  algorithm, credentials.access_key, scope,
                  names_of(request.headers), hex_of(hmac(key, to_sign)));
}

}  // namespace stores
