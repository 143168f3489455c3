#include "tests/support/recording_store.hpp"

#include <iterator>
#include <string_view>
#include <utility>

namespace tests {

void RecordingStore::put(const stores::ObjectKey& key, std::string content) {
  const std::lock_guard lock(mutex_);
  objects_[key.path()] = std::move(content);
}

bool RecordingStore::holds(const stores::ObjectKey& key) const {
  const std::lock_guard lock(mutex_);
  return objects_.contains(key.path());
}

std::size_t RecordingStore::size() const {
  const std::lock_guard lock(mutex_);
  return objects_.size();
}

std::optional<std::string> RecordingStore::content(
    const stores::ObjectKey& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = objects_.find(key.path());
  if (found == objects_.end())
    return std::nullopt;
  return found->second;
}

void RecordingStore::leave(const stores::ObjectKey& key, std::string reason,
                           int times, bool may_pass) {
  const std::lock_guard lock(mutex_);
  left_[key.path()] = {std::move(reason), times, may_pass};
}

void RecordingStore::fail(std::string message, int times) {
  fail([message = std::move(message)] { throw stores::StoreError(message); },
       times);
}

void RecordingStore::fail(std::function<void()> thrower, int times) {
  const std::lock_guard lock(mutex_);
  failure_ = Failure{std::move(thrower), times};
}

void RecordingStore::set_trouble(std::optional<std::string> trouble) {
  const std::lock_guard lock(mutex_);
  trouble_ = std::move(trouble);
}

void RecordingStore::set_remarks(std::vector<stores::Remark> remarks) {
  const std::lock_guard lock(mutex_);
  remarks_ = std::move(remarks);
}

void RecordingStore::set_keys_a_request(std::size_t count) {
  const std::lock_guard lock(mutex_);
  keys_a_request_ = count;
}

std::vector<RecordingStore::Call> RecordingStore::calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

std::vector<std::string> RecordingStore::asked(Method method) const {
  std::vector<std::string> paths;
  for (const Call& call : calls())
    if (call.method == method)
      paths.insert(paths.end(), call.paths.begin(), call.paths.end());
  return paths;
}

stores::Sight RecordingStore::look(Keys keys) {
  if (before_look)
    before_look(keys);
  const std::lock_guard lock(mutex_);
  record(Method::look, keys);
  throw_if_told();

  stores::Sight sight;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (const std::optional<std::string> why = stores::poison(keys[i]))
      sight.poison.push_back({i, *why});
    else if (!objects_.contains(keys[i].path()))
      sight.absent.push_back(i);
  }
  return sight;
}

std::optional<stores::ObjectStatus> RecordingStore::stat(
    const stores::ObjectKey& key) {
  if (before_stat)
    before_stat({&key, 1});
  begin(Method::stat, key);

  const std::optional<std::string> bytes = content(key);
  if (!bytes)
    return std::nullopt;
  return stores::ObjectStatus{std::ssize(*bytes)};
}

stores::Removal RecordingStore::remove(Keys keys) {
  if (before_remove)
    before_remove(keys);
  const std::lock_guard lock(mutex_);
  record(Method::remove, keys);
  throw_if_told();

  stores::Removal removal;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (const auto why = reason_to_leave(keys[i]))
      removal.left.push_back({i, why->reason, why->may_pass});
    else if (objects_.erase(keys[i].path()) == 0)
      removal.absent.push_back(i);
  }
  return removal;
}

void RecordingStore::prune(Keys keys) {
  if (before_prune)
    before_prune(keys);
  const std::lock_guard lock(mutex_);
  record(Method::prune, keys);
}

void RecordingStore::put(const stores::ObjectKey& key,
                         const stores::ByteSource& write) {
  if (before_put)
    before_put({&key, 1});
  begin(Method::put, key);

  std::string bytes;
  write([&bytes](std::string_view piece) { bytes += piece; });
  put(key, std::move(bytes));
}

bool RecordingStore::get(const stores::ObjectKey& key,
                         const stores::ByteSink& sink) {
  if (before_get)
    before_get({&key, 1});
  begin(Method::get, key);

  const std::optional<std::string> bytes = content(key);
  if (!bytes)
    return false;
  constexpr std::size_t piece = 1000;  // small, so that there are some
  for (std::size_t at = 0; at < bytes->size(); at += piece)
    sink(std::string_view(*bytes).substr(at, piece));
  return true;
}

std::optional<std::string> RecordingStore::trouble() {
  if (before_trouble)
    before_trouble({});
  const std::lock_guard lock(mutex_);
  throw_if_told();
  return trouble_;
}

std::vector<stores::Remark> RecordingStore::remarks() {
  if (before_remarks)
    before_remarks({});
  const std::lock_guard lock(mutex_);
  throw_if_told();
  return remarks_;
}

std::size_t RecordingStore::keys_a_request() const {
  const std::lock_guard lock(mutex_);
  return keys_a_request_;
}

std::string RecordingStore::description() const {
  return "recording store";
}

/// \return whether a failure is due now; if so, it is used up by one.
bool RecordingStore::strikes(int& times) {
  if (times == 0)
    return false;
  if (times > 0)
    --times;
  return true;
}

void RecordingStore::record(Method method, Keys keys) {
  Call call{method, {}};
  for (const stores::ObjectKey& key : keys)
    call.paths.push_back(key.path());
  calls_.push_back(std::move(call));
}

void RecordingStore::throw_if_told() {
  if (failure_ && strikes(failure_->times))
    failure_->thrower();
}

/// What put, get and stat have in common before they act.
void RecordingStore::begin(Method method, const stores::ObjectKey& key) {
  const std::lock_guard lock(mutex_);
  record(method, {&key, 1});
  throw_if_told();
  if (const auto why = reason_to_leave(key))
    throw stores::ObjectError(why->reason);
}

/// Its index means nothing.
std::optional<stores::KeyReason> RecordingStore::reason_to_leave(
    const stores::ObjectKey& key) {
  if (const std::optional<std::string> why = stores::poison(key))
    return stores::KeyReason{0, *why};
  const auto found = left_.find(key.path());
  if (found == left_.end() || !strikes(found->second.times))
    return std::nullopt;
  return stores::KeyReason{0, found->second.reason, found->second.may_pass};
}

}  // namespace tests
