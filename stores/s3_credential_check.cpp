#include "stores/s3_credential_check.hpp"

#include "stores/store.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <utility>

namespace stores {
namespace {

using nlohmann::json;

/// Keys stand in a header between commas and blanks of its own.
bool is_one_word(std::string_view text) {
  return can_be_in_header(text) && text.find(' ') == std::string_view::npos;
}

/// People choose the secrets of other servers than AWS.
bool has_control_character(std::string_view text) {
  return std::ranges::any_of(
      text, [](unsigned char letter) { return std::iscntrl(letter) != 0; });
}

[[noreturn]] void blame_source(const std::string& from,
                               const std::string& why) {
  throw StoreError(from + ' ' + why);
}

void require_sendable(const S3Credentials& credentials,
                      const std::string& from) {
  constexpr const char* again =
      " with a line break, or another character that no header can carry: "
      "write it anew";
  if (!is_one_word(credentials.access_key))
    blame_source(from, std::string("has an access key") + again);
  if (has_control_character(credentials.secret_key))
    blame_source(from, std::string("has a secret key") + again);
  if (!is_one_word(credentials.session_token))
    blame_source(from, std::string("has a session token") + again);
}

std::string text_at(const json& document, const char* name) {
  const auto found = document.find(name);
  if (found == document.end() || !found->is_string())
    return {};
  return found->get<std::string>();
}

/// "Success" of instance metadata; containers say nothing.
void require_success_code(const json& document, const std::string& from) {
  if (!document.contains("Code") || text_at(document, "Code") == "Success")
    return;
  blame_source(from, "has no credentials for us (" +
                         name_of_error(text_at(document, "Code"), 200) +
                         "): look at the role");
}

}  // namespace

telemetry::Timestamp time_now() {
  return std::chrono::floor<std::chrono::microseconds>(
      std::chrono::system_clock::now());
}

bool can_be_in_header(std::string_view text) {
  return std::ranges::all_of(
      text, [](char letter) { return letter >= ' ' && letter <= '~'; });
}

void require_usable(const S3Credentials& credentials, const std::string& from) {
  if (credentials.access_key.empty())
    blame_source(from, "has no access key: look at it");
  if (credentials.secret_key.empty())
    blame_source(from, "has no secret key: look at it");
  require_sendable(credentials, from);
}

void require_usable(const LentCredentials& lent, const std::string& from) {
  require_usable(lent.credentials, from);
  if (lent.expire_at && *lent.expire_at <= time_now())
    blame_source(from, "hands out credentials that expired at " +
                           telemetry::format_timestamp(*lent.expire_at) +
                           ": set the clock of this host (NTP), or look at it");
}

std::optional<telemetry::Timestamp> parse_expiration(std::string_view text) {
  constexpr std::size_t digits = 6;
  const std::size_t point = text.find('.');
  if (point == std::string_view::npos)
    return telemetry::parse_timestamp(text);
  const std::size_t end =
      std::min(text.find_first_not_of("0123456789", point + 1), text.size());
  std::string exact(text.substr(0, std::min(end, point + 1 + digits)));
  return telemetry::parse_timestamp(exact.append(text.substr(end)));
}

LentCredentials credentials_in_json(std::string_view body,
                                    const std::string& from) {
  const json document = json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object())
    blame_source(from,
                 "answers with something else than credentials: look "
                 "who answers there");
  require_success_code(document, from);

  const std::optional<telemetry::Timestamp> expire_at =
      parse_expiration(text_at(document, "Expiration"));
  LentCredentials lent{
      {text_at(document, "AccessKeyId"), text_at(document, "SecretAccessKey"),
       text_at(document, "Token")},
      expire_at};
  if (lent.credentials.session_token.empty())
    blame_source(from, "has no session token: look at it");
  if (!expire_at)
    blame_source(from, "does not say when its credentials expire: look at it");
  require_usable(lent, from);
  return lent;
}

std::string name_of_error(std::string_view code, int status) {
  constexpr std::size_t longest = 64;
  const bool is_name =
      !code.empty() && code.size() <= longest &&
      std::ranges::all_of(code, [](unsigned char letter) {
        return letter < 0x80 && (std::isalpha(letter) != 0 || letter == '.');
      });
  return is_name ? std::string(code) : "HTTP status " + std::to_string(status);
}

}  // namespace stores
