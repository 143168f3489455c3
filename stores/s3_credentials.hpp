#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>

#include "stores/s3_signature.hpp"
#include "telemetry/timestamp.hpp"

namespace stores {

/// Credentials, and how long they are good for.
struct LentCredentials {
  S3Credentials credentials;
  std::optional<telemetry::Timestamp> expire_at;  ///< nothing: for ever
};

/// Where credentials come from.  To be used from one thread at a time.
class CredentialSource {
 public:
  CredentialSource() = default;
  CredentialSource(const CredentialSource&) = delete;
  CredentialSource& operator=(const CredentialSource&) = delete;
  virtual ~CredentialSource() = default;

  /// Ask for credentials, anew each time.
  ///
  /// \throws StoreUnreachable if the source does not answer, StoreError if it
  ///         has none for us or they make no sense.  Neither repeats a secret.
  virtual LentCredentials fetch() = 0;

  /// "the environment", "web identity of role 'arn:…'": for messages; holds no
  /// secret.
  [[nodiscard]] virtual std::string description() const = 0;
};

/// The first of these that is set up, in the order of AWS's own chain
/// (s3_credential_sources.hpp):
/// AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; AWS_WEB_IDENTITY_TOKEN_FILE and
/// AWS_ROLE_ARN, over STS; AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI;
/// instance metadata, version 2, unless AWS_EC2_METADATA_DISABLED is true.
/// Files of AWS's own tools (~/.aws) are not read.
///
/// Whether there is instance metadata shows when it is first asked: then
/// fetch() throws a StoreError that names all ways there are.
///
/// \param region for STS.
/// \throws StoreError if nothing is set up, or variables contradict each other.
std::unique_ptr<CredentialSource> credentials_of_environment(
    const std::string& region);

/// The same without the keys: what GitLab's use_iam_profile means.
///
/// \throws as credentials_of_environment()
std::unique_ptr<CredentialSource> credentials_of_role(
    const std::string& region);

/// Credentials that were given: never fetched from anywhere.
///
/// \throws StoreError if they can't be sent (a line break in a key).
std::unique_ptr<CredentialSource> fixed_credentials(S3Credentials credentials,
                                                    std::string description);

/// Lends the credentials of a source, fetched once and again five minutes
/// before they expire.  If that fails, those that are there are lent until they
/// do expire, and the source is left alone for ten seconds.  May be used from
/// several threads at once; one fetches, and the others wait only if there is
/// nothing to lend.  What kept that one from fetching, they throw too.
class CredentialLender {
 public:
  using Clock = std::function<telemetry::Timestamp()>;

  explicit CredentialLender(std::unique_ptr<CredentialSource> source);
  /// \param clock for tests.
  CredentialLender(std::unique_ptr<CredentialSource> source, Clock clock);

  /// \throws StoreError as CredentialSource::fetch().
  S3Credentials lend();

  /// The server said that these have expired: fetch others, unless somebody
  /// already has.
  void reject(const S3Credentials& credentials);

  [[nodiscard]] const std::string& description() const { return description_; }

 private:
  struct Failure {
    std::string what;
    bool may_pass = false;
  };
  using Outcome = std::variant<LentCredentials, Failure>;

  [[nodiscard]] bool has_some() const;
  [[nodiscard]] bool may_lend() const;
  S3Credentials fetch(std::unique_lock<std::mutex>& lock);
  Outcome try_to_fetch();
  void keep(LentCredentials fetched);
  void put_off(Failure failure);
  void await_fetch(std::unique_lock<std::mutex>& lock);
  void require_some() const;

  const std::unique_ptr<CredentialSource> source_;
  const std::string description_;
  const Clock clock_;
  std::mutex mutex_;  ///< guards what follows
  std::condition_variable fetched_;
  std::optional<LentCredentials> lent_;
  telemetry::Timestamp fetch_at_;   ///< not before, while there are some
  std::optional<Failure> failure_;  ///< of the last fetch
  bool is_fetching_ = false;
  std::size_t fetches_ = 0;
};

}  // namespace stores
