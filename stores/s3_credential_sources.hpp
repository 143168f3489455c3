#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "stores/http.hpp"
#include "stores/s3_credentials.hpp"
#include "stores/store.hpp"

namespace stores {

/// The links of the chain that credentials_of_environment() makes.  Each reads
/// its variables when it is made; an empty variable is none.

/// How long to bear with who hands out credentials.
struct SourcePatience {
  HttpPatience http;
  int tries = 3;                         ///< in all
  std::chrono::milliseconds pause{200};  ///< before the second; then doubled
};

/// What is on this machine, or beside it, answers within milliseconds.
inline constexpr SourcePatience patience_nearby{
    {std::chrono::milliseconds{1'000}, std::chrono::milliseconds{5'000},
     std::chrono::milliseconds{5'000}}};

inline constexpr SourcePatience patience_with_sts{
    {std::chrono::milliseconds{5'000}, std::chrono::milliseconds{20'000},
     std::chrono::milliseconds{20'000}}};

/// Who was asked has no credentials for us, and nothing is wrong with that.
class NoCredentials : public StoreError {
 public:
  using StoreError::StoreError;
};

/// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN.
///
/// \return null if they are not set.
/// \throws StoreError if only one of the keys is, or they can't be sent.
std::unique_ptr<CredentialSource> credentials_of_keys();

/// AssumeRoleWithWebIdentity of STS, which is asked without a signature, for
/// AWS_ROLE_ARN (AWS_ROLE_SESSION_NAME, or "ci-janitor") with what is in
/// AWS_WEB_IDENTITY_TOKEN_FILE at that moment.  STS is that of the region, or
/// AWS_ENDPOINT_URL_STS, or AWS_ENDPOINT_URL; the latter two not if
/// AWS_IGNORE_CONFIGURED_ENDPOINT_URLS is true.
///
/// \return null if AWS_WEB_IDENTITY_TOKEN_FILE is not set.
/// \throws StoreError if the role is not, or there is no such region or URL.
std::unique_ptr<CredentialSource> credentials_of_web_identity(
    const std::string& region,
    const SourcePatience& patience = patience_with_sts);

/// What ECS and EKS (Pod Identity) hand to a container:
/// AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, or else _FULL_URI, asked with what
/// is in AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE at that moment, or else in
/// AWS_CONTAINER_AUTHORIZATION_TOKEN.  Without TLS only this machine, and the
/// addresses at which ECS and EKS answer, are asked.
///
/// \param ecs where a relative URI leads.
/// \return null if neither URI is set.
/// \throws StoreError if it is no URI that may be asked.
std::unique_ptr<CredentialSource> credentials_of_container(
    const SourcePatience& patience = patience_nearby,
    const std::string& ecs = "http://169.254.170.2");

/// Instance metadata of EC2, version 2, at http://169.254.169.254, or at
/// http://[fd00:ec2::254] if AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE is IPv6, or
/// at AWS_EC2_METADATA_SERVICE_ENDPOINT.  Version 1, which anybody can be made
/// to ask, is never tried.
///
/// \return null if AWS_EC2_METADATA_DISABLED is true.
/// \throws StoreError if the endpoint is no URL.
std::unique_ptr<CredentialSource> credentials_of_instance(
    const SourcePatience& patience = patience_nearby);

}  // namespace stores
