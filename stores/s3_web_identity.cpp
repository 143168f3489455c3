#include "stores/s3_credential_check.hpp"
#include "stores/s3_credential_sources.hpp"
#include "stores/s3_error.hpp"
#include "stores/s3_signature.hpp"
#include "stores/s3_source_client.hpp"
#include "stores/s3_xml.hpp"
#include "stores/small_file.hpp"
#include "telemetry/readable.hpp"

#include <optional>
#include <string_view>
#include <utility>

namespace stores {
namespace {

/// What an error of STS means for who has to do something about it.
struct IdentityAdvice {
  std::string_view code;
  const char* what_to_do;
};

constexpr IdentityAdvice identity_advice[] = {
    {"ExpiredToken", "have AWS_WEB_IDENTITY_TOKEN_FILE written anew"},
    {"ExpiredTokenException", "have AWS_WEB_IDENTITY_TOKEN_FILE written anew"},
    {"InvalidIdentityToken",
     "check AWS_WEB_IDENTITY_TOKEN_FILE, and the identity provider in IAM"},
    {"IDPRejectedClaim", "have AWS_WEB_IDENTITY_TOKEN_FILE written anew"},
    {"AccessDenied", "let the role's trust policy allow this identity"},
    {"RegionDisabledException",
     "turn STS on in this region, or set AWS_ENDPOINT_URL_STS to another's"},
};

constexpr const char* advice_on_identity(std::string_view code) {
  for (const IdentityAdvice& advice : identity_advice)
    if (advice.code == code)
      return advice.what_to_do;
  return "check AWS_ROLE_ARN, AWS_ROLE_SESSION_NAME and "
         "AWS_WEB_IDENTITY_TOKEN_FILE";
}

bool is_region(std::string_view region) {
  return region.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") ==
         std::string_view::npos;
}

/// https://docs.aws.amazon.com/general/latest/gr/sts.html
std::string sts_of(const std::string& region) {
  if (!is_region(region))
    throw StoreError("there is no region " + telemetry::in_quotes(region) +
                     " of STS: correct it, or set AWS_ENDPOINT_URL_STS");
  if (region.empty())
    return "https://sts.amazonaws.com";
  const bool is_in_china = region.starts_with("cn-");
  return "https://sts." + region + ".amazonaws.com" +
         (is_in_china ? ".cn" : "");
}

std::string sts_endpoint(const std::string& region) {
  if (is_true("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"))
    return sts_of(region);
  if (const auto own = url_in("AWS_ENDPOINT_URL_STS"))
    return *own;
  if (const auto shared = url_in("AWS_ENDPOINT_URL"))
    return *shared;
  return sts_of(region);
}

struct WebIdentity {
  std::string role;
  std::string session;
  std::string token_file;
};

/// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
std::string form_of(const WebIdentity& identity, const std::string& token) {
  return "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=" +
         percent_encoded(identity.role) +
         "&RoleSessionName=" + percent_encoded(identity.session) +
         "&WebIdentityToken=" + percent_encoded(token);
}

class WebIdentitySource final : public CredentialSource {
 public:
  WebIdentitySource(WebIdentity identity, const std::string& endpoint,
                    const SourcePatience& patience)
      : identity_(std::move(identity)),
        url_(endpoint + '/'),
        client_({"STS at " + telemetry::in_quotes(endpoint),
                 "see to the network, or set AWS_ENDPOINT_URL_STS"},
                patience, HttpClient::Proxy::from_environment) {}

  LentCredentials fetch() override;

  [[nodiscard]] std::string description() const override {
    return "web identity of role " + telemetry::in_quotes(identity_.role);
  }

 private:
  [[noreturn]] void refused(const HttpAnswer& answer) const;
  [[nodiscard]] LentCredentials read(const HttpAnswer& answer) const;

  const WebIdentity identity_;
  const std::string url_;
  SourceClient client_;
};

LentCredentials WebIdentitySource::fetch() {
  const std::string token = read_secret_file(
      identity_.token_file, "the file of AWS_WEB_IDENTITY_TOKEN_FILE");
  const std::string body = form_of(identity_, token);
  const HttpAnswer answer = client_.ask(
      {.method = "POST",
       .url = url_,
       .headers = {{"content-type", "application/x-www-form-urlencoded"},
                   {"accept", "application/xml"}},
       .body = body});
  if (answer.status != 200)
    refused(answer);
  return read(answer);
}

void WebIdentitySource::refused(const HttpAnswer& answer) const {
  const std::string code = error_of(answer).complaint.code;
  throw StoreError(client_.name() + " refuses the " + description() + " (" +
                   name_of_error(code, answer.status) +
                   "): " + advice_on_identity(code));
}

LentCredentials WebIdentitySource::read(const HttpAnswer& answer) const {
  const auto text = [&answer](const std::string& name) {
    const std::string path =
        "/AssumeRoleWithWebIdentityResponse/AssumeRoleWithWebIdentityResult"
        "/Credentials/";
    return read_text(answer.body, (path + name).c_str()).value_or("");
  };
  LentCredentials lent{
      {text("AccessKeyId"), text("SecretAccessKey"), text("SessionToken")},
      parse_expiration(text("Expiration"))};
  if (lent.credentials.session_token.empty() || !lent.expire_at)
    throw StoreError(client_.name() +
                     " answers with something else than credentials: look who "
                     "answers there");
  require_usable(lent, client_.name());
  return lent;
}

}  // namespace

std::unique_ptr<CredentialSource> credentials_of_web_identity(
    const std::string& region, const SourcePatience& patience) {
  const auto file = variable_of("AWS_WEB_IDENTITY_TOKEN_FILE");
  if (!file)
    return nullptr;
  const auto role = variable_of("AWS_ROLE_ARN");
  if (!role)
    throw StoreError(
        "AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not: set it "
        "to the role, or unset both");
  WebIdentity identity{
      *role, variable_of("AWS_ROLE_SESSION_NAME").value_or("ci-janitor"),
      *file};
  return std::make_unique<WebIdentitySource>(std::move(identity),
                                             sts_endpoint(region), patience);
}

}  // namespace stores
