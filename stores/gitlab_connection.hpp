#pragma once

#include <optional>
#include <string>

#include "stores/s3_signature.hpp"

namespace stores {

/// How GitLab reaches its object storage: what of its own connection settings
/// concerns us.
struct GitlabConnection {
  std::optional<S3Credentials> credentials;  ///< never with use_iam_profile
  bool use_iam_profile = false;              ///< credentials_of_role() has them
  std::optional<std::string> region;
  std::optional<std::string> endpoint;  ///< "https://s3.example.com"
  std::optional<bool> path_style;
};

/// Read GitLab's connection settings, as YAML or JSON: the hash of gitlab.rb
/// and of the Helm chart's secret by itself, or below connection, or below
/// [artifacts:] object_store: connection, or all of that below production, as
/// in gitlab.yml.  Of several, the one for artifacts counts, as in GitLab; one
/// that is not enabled does not.  Keys may be Ruby symbols (":provider").
///
/// A host, with scheme and port, stands for an endpoint where there is none.
/// Keys beside use_iam_profile are left alone, as GitLab's Workhorse does it.
/// What does not concern us is ignored.
///
/// \throws StoreError that names the file and the key, and repeats no secret:
///         also if the provider is not AWS, or requests must be signed by
///         version 2.
GitlabConnection read_gitlab_connection(const std::string& path);

}  // namespace stores
