#include "jobs/objects_pass.hpp"

#include "db/retry.hpp"
#include "jobs/in_pace.hpp"
#include "jobs/object_remover.hpp"
#include "jobs/time_slice.hpp"
#include "telemetry/fault_point.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>

namespace jobs {
namespace {

using telemetry::Outcome;
using telemetry::Pass;
using telemetry::Timestamp;

using Entries = std::vector<db::QueuedObject>;

/// The entries due, batch by batch, oldest first; leased, or in a plan only
/// looked at.  Use it from one thread at a time.
class EntrySource {
 public:
  explicit EntrySource(Context& context)
      : context_(context),
        stores_(served_stores(context)),
        slice_(context.queue_horizon) {}

  /// \return null at the end, and when the pass must stop.
  std::shared_ptr<Entries> next() {
    while (!exhausted_ &&
           context_.governor.may_read_on(context_, Pass::objects)) {
      auto entries = std::make_shared<Entries>(read());
      if (!entries->empty())
        return entries;
    }
    return nullptr;
  }

 private:
  Entries read() {
    try {
      Entries entries = db::with_retry([&] { return take(); });
      advance(entries);
      return entries;
    } catch (const db::CommitUnknown& error) {
      // If they are leased after all, they are due again in ten minutes.
      spdlog::warn("{}; whether a batch is leased is not known", error.what());
      return {};
    } catch (const db::Error& error) {
      if (!error.timed_out() ||
          (!context_.deadline.passed() && !slice_.narrow(from_)))
        throw;
      return {};
    }
  }

  Entries take() {
    const std::int64_t limit = context_.options.batch_size;
    return context_.only_plans()
               ? context_.queue.due(context_.reading(Pass::objects), stores_,
                                    from_, last_id_, slice_.end(), limit,
                                    context_.shard())
               : context_.queue.lease(context_.writing(Pass::objects), stores_,
                                      from_, slice_.end(), limit,
                                      context_.shard());
  }

  void advance(const Entries& entries) {
    for (const db::QueuedObject& entry : entries)
      from_ = std::max(from_, entry.pick_up_at);
    if (!entries.empty())
      last_id_ = entries.back().id;
    if (static_cast<std::int64_t>(entries.size()) ==
        context_.options.batch_size)
      return;
    if (slice_.reaches_horizon())
      exhausted_ = true;
    from_ = slice_.end();
    last_id_ = std::numeric_limits<std::int64_t>::min();
    slice_.move_on();
  }

  Context& context_;
  std::vector<std::int64_t> stores_;
  TimeSlice slice_;
  Timestamp from_ = Timestamp::min();
  std::int64_t last_id_ = std::numeric_limits<std::int64_t>::min();
  bool exhausted_ = false;
};

void plan_removal(Context& context, const Entries& entries) {
  telemetry::PassReport& report = context.report.pass(Pass::objects);
  for (const std::int64_t file_store : served_stores(context)) {
    std::vector<stores::ObjectKey> keys;
    std::vector<std::int64_t> ids;
    for (const db::QueuedObject& entry : entries)
      if (entry.file_store == file_store) {
        keys.push_back({entry.store_dir, entry.file});
        ids.push_back(entry.id);
      }
    const stores::Sight sight = context.stores.find(file_store)->look(keys);
    for (const stores::KeyReason& poison : sight.poison)
      context.report.problem({Pass::objects, "ci_deleted_objects",
                              ids[poison.index],
                              "its object stays: " + poison.reason});
    report.absent += static_cast<std::int64_t>(sight.absent.size());
    report.removed += static_cast<std::int64_t>(
        keys.size() - sight.absent.size() - sight.poison.size());
  }
}

void drain(Context& context, ObjectRemover& remover, const Entries& entries) {
  const auto began = std::chrono::steady_clock::now();
  telemetry::fault_point("objects.leased");
  if (context.only_plans())
    plan_removal(context, entries);
  else
    remover.remove_queued(entries);
  context.progress.advance(std::ssize(entries));
  context.batch_done(Pass::objects, std::ssize(entries), 0, began);
}

}  // namespace

std::vector<std::int64_t> served_stores(const Context& context) {
  std::vector<std::int64_t> stores = context.stores.configured();
  std::erase_if(stores, [&](std::int64_t file_store) {
    return (context.options.only_store &&
            *context.options.only_store != file_store) ||
           context.stores.find(file_store)->is_down();
  });
  return stores;
}

void run_objects_pass(Context& context) {
  EntrySource source(context);
  ObjectRemover remover(context, Pass::objects);
  if (!served_stores(context).empty())
    in_pace<Entries>(
        context, Pass::objects, [&] { return source.next(); },
        [&](const Entries& entries) { drain(context, remover, entries); });
  context.report.pass(Pass::objects).end(Outcome::drained);
}

}  // namespace jobs
