#pragma once

#include <vector>

#include "jobs/context.hpp"

namespace jobs {

/// Removes the objects that queue entries name, and settles the entries: those
/// whose object is gone are forgotten, the others become due at once and are
/// named as problems.  No transaction is open meanwhile.
///
/// May be used from several threads at once.
class ObjectRemover {
 public:
  ObjectRemover(Context& context, telemetry::Pass pass)
      : context_(context), pass_(pass) {}

  /// The objects of rows that this run has just destroyed: the absence watch
  /// looks at them.
  /// \throws stores::StoreError, db::Unreachable; where a store did not answer,
  ///         the entries are settled first: those of its objects become due.
  /// \throws StandbysBehind before anything is removed; the entries stay
  /// leased.
  void remove_fresh(const std::vector<db::QueuedObject>& entries);

  /// Objects that somebody queued earlier: absent ones are nobody's fault.
  /// \throws stores::StoreError, StandbysBehind, db::Unreachable
  void remove_queued(const std::vector<db::QueuedObject>& entries);

  /// The pass is over: settle what the absence watch still holds.
  void finish();

 private:
  struct Outcome;

  Outcome remove(const std::vector<db::QueuedObject>& entries);
  void remove_from(stores::Store& store,
                   const std::vector<db::QueuedObject>& entries,
                   Outcome& outcome);
  void settle(const Outcome& outcome, const std::vector<std::int64_t>& gone);
  void forget(const std::vector<std::int64_t>& ids);
  void release(const std::vector<std::int64_t>& ids);

  Context& context_;
  telemetry::Pass pass_;
};

}  // namespace jobs
