#include "tests/support/recording_store.hpp"

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
                           int times) {
  const std::lock_guard lock(mutex_);
  left_[key.path()] = {std::move(reason), times};
}

void RecordingStore::fail(std::string message, int times) {
  const std::lock_guard lock(mutex_);
  failure_ = Failure{std::move(message), times};
}

void RecordingStore::set_trouble(std::optional<std::string> trouble) {
  const std::lock_guard lock(mutex_);
  trouble_ = std::move(trouble);
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

stores::Removal RecordingStore::remove(Keys keys) {
  if (before_remove)
    before_remove(keys);
  const std::lock_guard lock(mutex_);
  record(Method::remove, keys);
  throw_if_told();

  stores::Removal removal;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    std::optional<std::string> why = stores::poison(keys[i]);
    if (!why)
      why = reason_to_leave(keys[i].path());
    if (why)
      removal.left.push_back({i, *why});
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
  const std::lock_guard lock(mutex_);
  return trouble_;
}

std::string RecordingStore::description() const {
  return "recording store";
}

/// \return whether this failure is due now; if so, it is used up by one.
bool RecordingStore::strikes(Failure& failure) {
  if (failure.times == 0)
    return false;
  if (failure.times > 0)
    --failure.times;
  return true;
}

void RecordingStore::record(Method method, Keys keys) {
  Call call{method, {}};
  for (const stores::ObjectKey& key : keys)
    call.paths.push_back(key.path());
  calls_.push_back(std::move(call));
}

void RecordingStore::throw_if_told() {
  if (failure_ && strikes(*failure_))
    throw stores::StoreError(failure_->reason);
}

/// What put and get have in common before they act.
void RecordingStore::begin(Method method, const stores::ObjectKey& key) {
  const std::lock_guard lock(mutex_);
  record(method, {&key, 1});
  throw_if_told();
  std::optional<std::string> why = stores::poison(key);
  if (!why)
    why = reason_to_leave(key.path());
  if (why)
    throw stores::ObjectError(*why);
}

std::optional<std::string> RecordingStore::reason_to_leave(
    const std::string& path) {
  const auto found = left_.find(path);
  if (found == left_.end() || !strikes(found->second))
    return std::nullopt;
  return found->second.reason;
}

}  // namespace tests
