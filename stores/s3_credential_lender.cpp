#include "stores/s3_credential_check.hpp"
#include "stores/s3_credentials.hpp"
#include "stores/store.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

namespace stores {
namespace {

/// AWS has new ones ready that long before the old ones expire
/// (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html).
constexpr std::chrono::minutes renewed_before{5};

/// For credentials that live shorter than that, and for a source in trouble.
constexpr std::chrono::seconds left_alone{10};

}  // namespace

CredentialLender::CredentialLender(std::unique_ptr<CredentialSource> source)
    : CredentialLender(std::move(source), &time_now) {}

CredentialLender::CredentialLender(std::unique_ptr<CredentialSource> source,
                                   Clock clock)
    : source_(std::move(source)),
      description_(source_->description()),
      clock_(std::move(clock)) {}

S3Credentials CredentialLender::lend() {
  std::unique_lock lock(mutex_);
  while (!may_lend()) {
    if (!is_fetching_)
      return fetch(lock);
    await_fetch(lock);
  }
  return lent_->credentials;
}

void CredentialLender::reject(const S3Credentials& credentials) {
  const std::lock_guard lock(mutex_);
  if (lent_ && lent_->credentials == credentials)
    lent_.reset();
}

bool CredentialLender::has_some() const {
  return lent_ && (!lent_->expire_at || clock_() < *lent_->expire_at);
}

bool CredentialLender::may_lend() const {
  return has_some() && (is_fetching_ || clock_() < fetch_at_);
}

S3Credentials CredentialLender::fetch(std::unique_lock<std::mutex>& lock) {
  is_fetching_ = true;
  lock.unlock();
  Outcome outcome = try_to_fetch();
  lock.lock();
  is_fetching_ = false;
  ++fetches_;
  if (auto* const fetched = std::get_if<LentCredentials>(&outcome))
    keep(std::move(*fetched));
  else
    put_off(std::get<Failure>(std::move(outcome)));
  fetched_.notify_all();
  require_some();
  return lent_->credentials;
}

/// Those who wait must hear of whatever went wrong.
CredentialLender::Outcome CredentialLender::try_to_fetch() {
  try {
    return source_->fetch();
  } catch (const StoreUnreachable& error) {
    return Failure{error.what(), true};
  } catch (const std::exception& error) {
    return Failure{error.what(), false};
  }
}

void CredentialLender::keep(LentCredentials fetched) {
  const telemetry::Timestamp soon = clock_() + left_alone;
  fetch_at_ = fetched.expire_at
                  ? std::max(soon, *fetched.expire_at - renewed_before)
                  : telemetry::Timestamp::max();
  lent_ = std::move(fetched);
  failure_.reset();
}

void CredentialLender::put_off(Failure failure) {
  fetch_at_ = clock_() + left_alone;
  if (has_some())
    spdlog::warn("{}; the old credentials are used until {}", failure.what,
                 telemetry::format_timestamp(*lent_->expire_at));
  failure_ = std::move(failure);
}

void CredentialLender::await_fetch(std::unique_lock<std::mutex>& lock) {
  fetched_.wait(lock, [this, before = fetches_] { return fetches_ != before; });
  require_some();
}

/// What was fetched may have been rejected again before who waited woke up:
/// that is no failure.
void CredentialLender::require_some() const {
  if (!failure_ || has_some())
    return;
  if (failure_->may_pass)
    throw StoreUnreachable(failure_->what);
  throw StoreError(failure_->what);
}

}  // namespace stores
