#include "stores/s3_credentials.hpp"

#include "stores/s3_credential_check.hpp"
#include "stores/s3_credential_sources.hpp"
#include "stores/s3_source_client.hpp"

#include <utility>

namespace stores {
namespace {

constexpr const char* ways_to_a_role =
    "run where AWS gives a role (AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN, "
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI, or the metadata of "
    "an instance)";
const std::string ways_to_keys =
    std::string(
        "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, give "
        "--object-store-config with GitLab's connection, or ") +
    ways_to_a_role;

[[noreturn]] void refuse_all(const std::string& why, const std::string& ways) {
  throw StoreError("there are no credentials for object storage (" + why +
                   "): " + ways);
}

class FixedSource : public CredentialSource {
 public:
  FixedSource(S3Credentials credentials, std::string description)
      : credentials_(std::move(credentials)),
        description_(std::move(description)) {}

  LentCredentials fetch() override { return {credentials_, std::nullopt}; }
  [[nodiscard]] std::string description() const override {
    return description_;
  }

 private:
  const S3Credentials credentials_;
  const std::string description_;
};

/// Instance metadata is asked because nothing else is set up: where there never
/// was any, people should hear of all else that they could set up.
class LastSource : public CredentialSource {
 public:
  LastSource(std::unique_ptr<CredentialSource> source, std::string ways)
      : source_(std::move(source)), ways_(std::move(ways)) {}

  LentCredentials fetch() override {
    try {
      LentCredentials lent = source_->fetch();
      was_there_ = true;
      return lent;
    } catch (const StoreUnreachable& error) {
      if (was_there_)
        throw;
      refuse_all(error.what(), ways_);
    } catch (const NoCredentials& error) {
      if (was_there_)
        throw;
      refuse_all(error.what(), ways_);
    }
  }
  [[nodiscard]] std::string description() const override {
    return source_->description();
  }

 private:
  const std::unique_ptr<CredentialSource> source_;
  const std::string ways_;
  bool was_there_ = false;
};

std::unique_ptr<CredentialSource> role_or_refusal(const std::string& region,
                                                  const std::string& ways) {
  if (auto source = credentials_of_web_identity(region))
    return source;
  if (auto source = credentials_of_container())
    return source;
  if (auto source = credentials_of_instance())
    return std::make_unique<LastSource>(std::move(source), ways);
  refuse_all("AWS_EC2_METADATA_DISABLED is true", ways);
}

}  // namespace

std::unique_ptr<CredentialSource> credentials_of_keys() {
  const auto access = variable_of("AWS_ACCESS_KEY_ID");
  const auto secret = variable_of("AWS_SECRET_ACCESS_KEY");
  if (!access && !secret)
    return nullptr;
  if (!access || !secret)
    throw StoreError(
        std::string(access ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID") +
        " is not set, but its other half is: set both, or unset both");
  return fixed_credentials(
      {*access, *secret, variable_of("AWS_SESSION_TOKEN").value_or("")},
      "the environment");
}

std::unique_ptr<CredentialSource> credentials_of_environment(
    const std::string& region) {
  if (auto source = credentials_of_keys())
    return source;
  return role_or_refusal(region, ways_to_keys);
}

std::unique_ptr<CredentialSource> credentials_of_role(
    const std::string& region) {
  return role_or_refusal(region, ways_to_a_role);
}

std::unique_ptr<CredentialSource> fixed_credentials(S3Credentials credentials,
                                                    std::string description) {
  require_usable(credentials, description);
  return std::make_unique<FixedSource>(std::move(credentials),
                                       std::move(description));
}

}  // namespace stores
