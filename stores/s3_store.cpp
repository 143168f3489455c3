#include "stores/s3_store.hpp"

#include "stores/digest.hpp"
#include "stores/reason.hpp"
#include "telemetry/readable.hpp"

#include <fmt/format.h>

#include <charconv>
#include <utility>
#include <vector>

namespace stores {
namespace {

/// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
constexpr std::size_t longest_key = 1024;

/// Nothing that GitLab ever wrote has this name.
const ObjectKey impossible{"tmp/ci-janitor", "an-object-that-never-was"};

std::int64_t content_length(const HttpAnswer& answer) {
  std::int64_t length = 0;
  const auto found = answer.headers.find("content-length");
  if (found != answer.headers.end())
    std::from_chars(found->second.data(),
                    found->second.data() + found->second.size(), length);
  return length;
}

}  // namespace

S3Store::S3Store(std::shared_ptr<S3Client> client, std::string prefix,
                 S3Sizes sizes)
    : client_(std::move(client)),
      prefix_(prefix.empty() ? "" : prefix + '/'),
      sizes_(sizes),
      remover_(*client_) {}

std::string S3Store::full_key(const ObjectKey& key) const {
  return prefix_ + key.path();
}

std::optional<std::string> S3Store::refusal(const ObjectKey& key) const {
  if (prefix_.size() + key.directory.size() + 1 + key.file.size() > longest_key)
    return fmt::format("its key is longer than {} bytes", longest_key);
  return poison(key);
}

/// \throws ObjectError
std::string S3Store::safe_key(const ObjectKey& key,
                              const std::string& done) const {
  if (const std::optional<std::string> why = refusal(key))
    refuse(done, *why);
  return full_key(key);
}

Sight S3Store::look(std::span<const ObjectKey> keys) {
  Sight sight;
  for (std::size_t i = 0; i < keys.size(); ++i)
    if (std::optional<std::string> why = refusal(keys[i]))
      sight.poison.push_back({i, std::move(*why)});
  return sight;
}

std::optional<ObjectStatus> S3Store::stat(const ObjectKey& key) {
  const HttpAnswer answer =
      client_->send({.method = "HEAD", .key = safe_key(key, "looked at")});
  if (answer.status / 100 == 2)
    return ObjectStatus{content_length(answer)};
  // An answer to HEAD has no body that would say more.
  if (answer.status == 404)
    return std::nullopt;
  if (answer.status == 403)
    refuse("looked at", "access denied");
  client_->raise(error_of(answer));
}

Removal S3Store::remove(std::span<const ObjectKey> keys) {
  Removal removal;
  std::vector<std::string> safe;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < keys.size(); ++i)
    if (std::optional<std::string> why = refusal(keys[i])) {
      removal.left.push_back({i, std::move(*why)});
    } else {
      safe.push_back(full_key(keys[i]));
      places.push_back(i);
    }
  Removal asked = remover_.remove(safe);
  for (const std::size_t index : asked.absent)
    removal.absent.push_back(places[index]);
  for (KeyReason& left : asked.left)
    removal.left.push_back(
        {places[left.index], std::move(left.reason), left.may_pass});
  return removal;
}

void S3Store::put(const ObjectKey& key, const ByteSource& write) {
  const std::string full = safe_key(key, "stored");
  Spool spool;
  Digest sha256("SHA256");
  write([&](std::string_view bytes) {
    sha256.update(bytes);
    spool.append(bytes);
  });
  upload(*client_, full, spool, sha256.hex(), sizes_);
}

bool S3Store::get(const ObjectKey& key, const ByteSink& sink) {
  const HttpAnswer answer = client_->send(
      {.method = "GET", .key = safe_key(key, "read"), .sink = sink});
  if (answer.status / 100 == 2)
    return true;
  const S3Error error = error_of(answer);
  if (error.complaint.code == "NoSuchKey")
    return false;
  if (error.is_about_object())
    refuse("read", error.reason());
  client_->raise(error);
}

std::optional<std::string> S3Store::trouble() {
  try {
    const Removal removal = remove({&impossible, 1});
    if (removal.left.empty())
      return std::nullopt;
    return fmt::format(
        "{} does not let us remove objects ({}): grant "
        "s3:DeleteObject",
        description(), removal.left.front().reason);
  } catch (const StoreUnreachable&) {
    throw;
  } catch (const StoreError& error) {
    return error.what();
  }
}

std::vector<Remark> S3Store::remarks() {
  std::vector<Remark> remarks{{.is_warning = false,
                               .text = "credentials for " + description() +
                                       " are from " + client_->credentials()}};
  if (keeps_versions())
    remarks.push_back(
        {.is_warning = true,
         .text = description() +
                 " keeps versions: what is removed gets a marker, and frees "
                 "nothing until a lifecycle rule expires old versions "
                 "(NoncurrentVersionExpiration)"});
  if (keys_a_request() == 1)
    remarks.push_back({.is_warning = true,
                       .text = description() +
                               " takes no request for many keys "
                               "(DeleteObjects): objects are removed one by "
                               "one, which is slow"});
  return remarks;
}

/// Who may not ask is not told.
bool S3Store::keeps_versions() {
  const HttpAnswer answer =
      client_->send({.method = "GET", .query = {{"versioning", ""}}});
  return answer.status == 200 &&
         read_text(answer.body, "VersioningConfiguration/Status") == "Enabled";
}

std::size_t S3Store::keys_a_request() const {
  return remover_.keys_a_request();
}

std::string S3Store::description() const {
  if (prefix_.empty())
    return client_->description();
  return fmt::format("{}, below {}", client_->description(),
                     telemetry::in_quotes(std::string_view(prefix_).substr(
                         0, prefix_.size() - 1)));
}

}  // namespace stores
