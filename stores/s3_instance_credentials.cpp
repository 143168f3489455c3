#include "stores/s3_credential_check.hpp"
#include "stores/s3_credential_sources.hpp"
#include "stores/s3_signature.hpp"
#include "stores/s3_source_client.hpp"
#include "telemetry/readable.hpp"

#include <optional>
#include <utility>

#include <strings.h>

namespace stores {
namespace {

/// https://docs.aws.amazon.com/sdkref/latest/guide/feature-imds-credentials.html
std::string metadata_endpoint() {
  if (auto endpoint = url_in("AWS_EC2_METADATA_SERVICE_ENDPOINT"))
    return *endpoint;
  const auto mode = variable_of("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
  if (mode && ::strcasecmp(mode->c_str(), "ipv6") == 0)
    return "http://[fd00:ec2::254]";
  return "http://169.254.169.254";
}

/// Its answer to who asks for a token from within a container gets lost on the
/// way, as long as it may make one hop only.
constexpr const char* if_metadata_fails =
    "in a container of EC2, raise the instance's metadata hop limit to 2";

class InstanceSource final : public CredentialSource {
 public:
  InstanceSource(std::string endpoint, const SourcePatience& patience)
      : endpoint_(std::move(endpoint)),
        client_({description(), if_metadata_fails}, patience,
                HttpClient::Proxy::never) {}

  LentCredentials fetch() override;

  [[nodiscard]] std::string description() const override {
    return "instance metadata at " + telemetry::in_quotes(endpoint_);
  }

 private:
  [[nodiscard]] std::string token();
  [[nodiscard]] std::string role(const std::string& token);
  [[nodiscard]] HttpAnswer get(const std::string& path,
                               const std::string& token);

  const std::string endpoint_;
  SourceClient client_;
};

LentCredentials InstanceSource::fetch() {
  const std::string session = token();
  const std::string name = role(session);
  const HttpAnswer answer = get(percent_encoded(name), session);
  if (answer.status != 200)
    throw NoCredentials(description() + " has no credentials of role " +
                        telemetry::in_quotes(name) + " (HTTP status " +
                        std::to_string(answer.status) +
                        "): look at the role of this instance");
  return credentials_in_json(answer.body, description());
}

/// \throws NoCredentials where something else listens at that address, as
///         other clouds have it.
std::string InstanceSource::token() {
  const HttpAnswer answer = client_.ask(
      {.method = "PUT",
       .url = endpoint_ + "/latest/api/token",
       .headers = {{"x-aws-ec2-metadata-token-ttl-seconds", "300"}}});
  if (answer.status != 200)
    throw NoCredentials(description() + " gives us no token (HTTP status " +
                        std::to_string(answer.status) +
                        "): turn its version 2 on");
  if (answer.body.empty() || !can_be_in_header(answer.body))
    throw StoreError(description() +
                     " gives us a token that no header can carry: look who "
                     "answers there");
  return answer.body;
}

/// An instance has one role at most.
std::string InstanceSource::role(const std::string& token) {
  const HttpAnswer answer = get("", token);
  std::string name = answer.body.substr(0, answer.body.find('\n'));
  if (answer.status != 200 || name.empty())
    throw NoCredentials(description() + " names no role (HTTP status " +
                        std::to_string(answer.status) +
                        "): attach one to this instance");
  return name;
}

HttpAnswer InstanceSource::get(const std::string& path,
                               const std::string& token) {
  return client_.ask(
      {.method = "GET",
       .url = endpoint_ + "/latest/meta-data/iam/security-credentials/" + path,
       .headers = {{"x-aws-ec2-metadata-token", token}}});
}

}  // namespace

std::unique_ptr<CredentialSource> credentials_of_instance(
    const SourcePatience& patience) {
  if (is_true("AWS_EC2_METADATA_DISABLED"))
    return nullptr;
  return std::make_unique<InstanceSource>(metadata_endpoint(), patience);
}

}  // namespace stores
