#include "jobs/object_remover.hpp"

#include "db/retry.hpp"
#include "jobs/standby_wait.hpp"
#include "telemetry/fault_point.hpp"

#include <spdlog/spdlog.h>

#include <exception>
#include <map>
#include <string_view>

namespace jobs {

using stores::ObjectKey;

namespace {

/// Their lease ends in ten minutes: what can't be done to entries is no reason
/// to stop.
template <typename Change>
void change_entries(const std::vector<std::int64_t>& ids,
                    std::string_view otherwise, const Change& change) {
  if (ids.empty())
    return;
  try {
    db::with_retry(change);
  } catch (const db::Error& error) {
    if (error.is_unfit())
      throw;
    spdlog::warn("{}; {} {}", error.what(), ids.size(), otherwise);
  }
}

}  // namespace

/// What became of some entries' objects.
struct ObjectRemover::Outcome {
  std::vector<std::int64_t> removed;
  std::vector<std::int64_t> absent;
  std::vector<std::int64_t> left;
  std::vector<std::pair<stores::Store*, ObjectKey>> gone_keys;
  std::exception_ptr broken;  ///< a store that did not answer

  void leave(const std::vector<db::QueuedObject>& entries) {
    for (const db::QueuedObject& entry : entries)
      left.push_back(entry.id);
  }
};

void ObjectRemover::remove_fresh(const std::vector<db::QueuedObject>& entries) {
  const Outcome outcome = remove(entries);
  std::vector<std::int64_t> gone = context_.absence_watch.judge(
      static_cast<std::int64_t>(outcome.removed.size()), outcome.absent);
  gone.insert(gone.end(), outcome.removed.begin(), outcome.removed.end());
  settle(outcome, gone);
}

void ObjectRemover::remove_queued(
    const std::vector<db::QueuedObject>& entries) {
  const Outcome outcome = remove(entries);
  std::vector<std::int64_t> gone = outcome.removed;
  gone.insert(gone.end(), outcome.absent.begin(), outcome.absent.end());
  settle(outcome, gone);
}

void ObjectRemover::finish() {
  forget(context_.absence_watch.let_go());
  const std::vector<std::int64_t> kept = context_.absence_watch.kept();
  if (!kept.empty())
    context_.report.problem({pass_, "ci_deleted_objects", kept.front(),
                             context_.absence_watch.reason()});
  release(kept);
}

/// Where standbys are behind, the entries stay leased: to whom they were due at
/// once, GitLab's own worker among them, he would wait for no standby.
ObjectRemover::Outcome ObjectRemover::remove(
    const std::vector<db::QueuedObject>& entries) {
  if (!entries.empty())
    await_standbys(context_, pass_);
  std::map<std::int64_t, std::vector<db::QueuedObject>> by_store;
  for (const db::QueuedObject& entry : entries)
    by_store[entry.file_store].push_back(entry);

  Outcome outcome;
  telemetry::fault_point("objects.before_remove");
  for (const auto& [file_store, of_store] : by_store)
    try {
      remove_from(*context_.stores.find(file_store), of_store, outcome);
    } catch (const stores::StoreUnreachable&) {
      outcome.leave(of_store);
      outcome.broken = std::current_exception();
    }
  telemetry::fault_point("objects.removed");
  return outcome;
}

void ObjectRemover::remove_from(stores::Store& store,
                                const std::vector<db::QueuedObject>& entries,
                                Outcome& outcome) {
  std::vector<ObjectKey> keys;
  for (const db::QueuedObject& entry : entries)
    keys.push_back({entry.store_dir, entry.file});
  const stores::Removal removal = store.remove(keys);

  enum class State { removed, absent, left };
  std::vector<State> states(entries.size(), State::removed);
  for (const std::size_t index : removal.absent)
    states[index] = State::absent;
  for (const stores::KeyReason& left : removal.left) {
    states[left.index] = State::left;
    context_.report.problem({pass_, "ci_deleted_objects",
                             entries[left.index].id,
                             "its object stays: " + left.reason});
  }
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (states[i] == State::left) {
      outcome.left.push_back(entries[i].id);
      continue;
    }
    (states[i] == State::removed ? outcome.removed : outcome.absent)
        .push_back(entries[i].id);
    outcome.gone_keys.emplace_back(&store, std::move(keys[i]));
  }
}

void ObjectRemover::settle(const Outcome& outcome,
                           const std::vector<std::int64_t>& gone) {
  telemetry::PassReport& report = context_.report.pass(pass_);
  report.removed += static_cast<std::int64_t>(outcome.removed.size());
  report.absent += static_cast<std::int64_t>(outcome.absent.size());
  forget(gone);
  release(outcome.left);
  telemetry::fault_point("objects.forgotten");

  // Directories last: nothing waits for them.  In those of other shapes GitLab
  // may be about to write.
  std::map<stores::Store*, std::vector<ObjectKey>> by_store;
  for (const auto& [store, key] : outcome.gone_keys)
    if (stores::is_artifact_directory(key.directory))
      by_store[store].push_back(key);
  for (const auto& [store, keys] : by_store)
    store->prune(keys);
  telemetry::fault_point("objects.pruned");
  if (outcome.broken)
    std::rethrow_exception(outcome.broken);
}

void ObjectRemover::forget(const std::vector<std::int64_t>& ids) {
  const auto change = [&] {
    context_.queue.forget(context_.writing(pass_).without_deadline(), ids);
  };
  // A later run finds their objects absent.
  change_entries(ids, "entries of removed objects stay in the queue", change);
}

void ObjectRemover::release(const std::vector<std::int64_t>& ids) {
  const auto change = [&] {
    context_.queue.release(context_.writing(pass_).without_deadline(), ids);
  };
  change_entries(ids, "entries become due in ten minutes only", change);
}

}  // namespace jobs
