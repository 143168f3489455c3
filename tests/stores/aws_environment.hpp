#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "stores/s3_credential_check.hpp"
#include "stores/s3_credential_sources.hpp"
#include "stores/store.hpp"
#include "tests/support/scoped_environment.hpp"

namespace tests {

/// No variable of AWS's is set but these, whatever the tests were started with,
/// and HTTP goes through a proxy that is not there.
inline ScopedEnvironment aws_environment(
    const std::vector<std::pair<std::string, std::string>>& variables) {
  std::vector<std::pair<std::string, std::string>> all{
      {"http_proxy", "http://127.0.0.1:1"}, {"no_proxy", ""}, {"NO_PROXY", ""}};
  for (const char* name :
       {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
        "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME", "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "AWS_EC2_METADATA_DISABLED",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "AWS_CA_BUNDLE"})
    all.emplace_back(name, "");
  all.insert(all.end(), variables.begin(), variables.end());
  return ScopedEnvironment(all);
}

/// Three tries, one right after the other.
inline stores::SourcePatience impatience() {
  stores::SourcePatience patience = stores::patience_nearby;
  patience.http.whole = std::chrono::milliseconds{500};
  patience.pause = std::chrono::milliseconds{1};
  return patience;
}

/// "2022-10-06T12:30:00Z", so long from now.
inline std::string time_in(std::chrono::seconds duration) {
  return telemetry::format_timestamp(
      std::chrono::floor<std::chrono::seconds>(stores::time_now()) + duration);
}

/// Credentials as instance metadata hands them out; \a more comes last, and so
/// wins.
inline std::string json_credentials(const std::string& more = "") {
  return R"({"Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": "ASIAKEY",)"
         R"( "SecretAccessKey": "topsecret", "Token": "tokensecret",)"
         R"( "Expiration": ")" +
         time_in(std::chrono::hours{1}) + "\"" +
         (more.empty() ? "" : ", " + more) + "}";
}

inline const stores::S3Credentials handed_out{"ASIAKEY", "topsecret",
                                              "tokensecret"};

enum class Kind { none, unreachable, no_credentials, other };

/// Why something was refused.
struct Refused {
  Kind kind = Kind::none;
  std::string what;

  [[nodiscard]] bool says(const std::string& text) const {
    return what.find(text) != std::string::npos;
  }
};

inline Refused refusal_of(const std::function<void()>& attempt) {
  try {
    attempt();
    return {};
  } catch (const stores::StoreUnreachable& error) {
    return {Kind::unreachable, error.what()};
  } catch (const stores::NoCredentials& error) {
    return {Kind::no_credentials, error.what()};
  } catch (const stores::StoreError& error) {
    return {Kind::other, error.what()};
  }
}

}  // namespace tests
