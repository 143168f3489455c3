#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <mutex>
#include <span>
#include <vector>

#include "jobs/batch_source.hpp"
#include "jobs/context.hpp"
#include "jobs/object_remover.hpp"
#include "jobs/second_try.hpp"

namespace jobs {

/// Destroys batches of artifacts: looks at each object's path, then one
/// transaction for the rows, the queue and the statistics, then the objects
/// (with --removal-delay a later run removes them).
///
/// There is a queue because a database and a store cannot commit together. File
/// first: a crash, or a row locked again meanwhile, leaves a live row that
/// points at nothing.  Row first: a crash leaks the object for ever.  With the
/// queue every object is at every moment named by one of the two tables.
///
/// Where the run only plans, it counts and lists instead, at the last line
/// before the effect.  May be used from several threads at once.
class Destroyer {
 public:
  Destroyer(Context& context, telemetry::Pass pass, db::Selection selection);

  /// Destroy what of \a batch is still expired and unlocked.  Rows that others
  /// hold, and rows beyond --max-destroy, are put off until try_again().
  ///
  /// \throws stores::StoreError, db::Unreachable, or a db::Error that does not
  ///         concern the rows.
  void destroy(Batch batch);

  /// Once more what was put off, one batch after the other; what is still held
  /// then counts as skipped.  Call it when no destroy() is under way.
  void try_again();

  [[nodiscard]] std::size_t lanes() const { return lanes_.size(); }
  /// --max-destroy kept a row from being destroyed.
  [[nodiscard]] bool was_denied() const { return denied_; }

 private:
  struct Work;

  std::vector<db::Artifact> safe(std::vector<db::Artifact> rows);
  std::vector<db::Artifact> granted(std::vector<db::Artifact> rows);
  bool may_spend(std::span<const db::Artifact> rows);
  void plan(const std::vector<db::Artifact>& rows,
            std::chrono::steady_clock::time_point began);
  void plan_removal(const std::vector<db::Artifact>& rows);
  /// --removal-delay leaves the objects to a later run.
  [[nodiscard]] bool delays_removal() const;
  [[nodiscard]] std::chrono::seconds hold() const;
  void destroy_rows(std::span<const db::Artifact> rows, Work& work);
  void destroy_once(std::span<const db::Artifact> rows, Work& work);
  db::Destroyed destroyed(std::span<const db::Artifact> rows);
  db::Destroyed destroyed(std::span<const db::Artifact> rows, db::Held held);
  [[nodiscard]] bool is_alone() const;
  void account(std::span<const db::Artifact> rows, const Work& work);
  [[nodiscard]] bool may_destroy() const;
  void retry(const std::vector<db::Artifact>& rows);
  void tell_what_is_held();

  Context& context_;
  telemetry::Pass pass_;
  db::Selection selection_;
  telemetry::PassReport& report_;
  ObjectRemover remover_;
  SecondTry second_try_;
  std::deque<std::mutex> lanes_;
  std::atomic<bool> denied_{false};
  std::atomic<bool> met_others_{false};
  std::atomic<bool> timed_out_{false};  ///< a statement for one row
};

}  // namespace jobs
