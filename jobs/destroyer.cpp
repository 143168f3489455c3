#include "jobs/destroyer.hpp"

#include "db/retry.hpp"
#include "jobs/audit.hpp"
#include "jobs/halves.hpp"
#include "jobs/path_look.hpp"
#include "jobs/settle_statistics.hpp"
#include "telemetry/fault_point.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <exception>
#include <set>
#include <unordered_set>
#include <utility>

namespace jobs {
namespace {

using telemetry::Outcome;

/// So long the first one who holds a row is waited for, as long as a batch may
/// take.
constexpr std::chrono::milliseconds longest_encounter = AdaptiveSize::target;
/// So long all of them, if they hold one row after the other: PostgreSQL looks
/// for deadlocks after a second by default, and never finds us in one.
constexpr std::chrono::milliseconds longest_at_once{900};

std::vector<std::int64_t> ids_of(std::span<const db::Artifact> rows) {
  std::vector<std::int64_t> ids;
  for (const db::Artifact& row : rows)
    ids.push_back(row.id);
  return ids;
}

/// Nearly all artifacts have one of two or three names.
std::vector<std::string> files_of(std::span<const db::Artifact> rows) {
  std::set<std::string> files;
  for (const db::Artifact& row : rows)
    files.insert(row.file);
  return {files.begin(), files.end()};
}

bool is_of_one_project(std::span<const db::Artifact> rows) {
  return std::ranges::all_of(rows, [&](const db::Artifact& row) {
    return row.project_id == rows.front().project_id;
  });
}

std::vector<std::int64_t> stores_of(std::span<const db::Artifact> rows) {
  std::set<std::int64_t> stores;
  for (const db::Artifact& row : rows)
    stores.insert(row.file_store);
  return {stores.begin(), stores.end()};
}

void append(db::Destroyed& all, db::Destroyed part) {
  all.bytes += part.bytes;
  all.ids.insert(all.ids.end(), part.ids.begin(), part.ids.end());
  std::ranges::move(part.objects, std::back_inserter(all.objects));
  std::ranges::move(part.freed, std::back_inserter(all.freed));
}

}  // namespace

/// What came of a batch so far.
struct Destroyer::Work {
  db::Destroyed done;
  RowIds in_doubt;  ///< rows whose COMMIT was not answered
  RowIds failed;    ///< rows named as problems
};

Destroyer::Destroyer(Context& context, telemetry::Pass pass,
                     db::Selection selection)
    : context_(context),
      pass_(pass),
      selection_(selection),
      report_(context.report.pass(pass)),
      remover_(context, pass),
      second_try_(context, pass, selection),
      lanes_(context.options.concurrency) {}

void Destroyer::destroy(Batch batch) {
  const auto looked = std::chrono::steady_clock::now();
  const std::vector<db::Artifact> rows = granted(safe(std::move(batch.rows)));
  if (rows.empty() || !may_spend(rows))
    return;
  if (context_.only_plans())
    return plan(rows, looked);

  audit_intent(pass_, rows);
  telemetry::fault_point("batch.before_destroy");
  const auto began = std::chrono::steady_clock::now();
  Work work;
  std::exception_ptr broken;
  {
    const std::lock_guard lane(lanes_[batch.lane]);
    try {
      destroy_rows(rows, work);
    } catch (const db::Error&) {
      broken = std::current_exception();  // what is done is ours to finish
    }
  }
  telemetry::fault_point("batch.destroyed");
  account(rows, work);
  context_.batch_done(pass_, std::ssize(work.done.ids), work.done.bytes, began);
  const bool settled =
      settle_statistics(context_, pass_, work.done.freed, began);
  if (settled && !delays_removal())
    remover_.remove_fresh(work.done.objects);
  if (broken)
    std::rethrow_exception(broken);
}

/// Leave out the rows whose object must not be touched, and name them.
std::vector<db::Artifact> Destroyer::safe(std::vector<db::Artifact> rows) {
  PathLook look = look_at_paths(context_.stores, std::move(rows));
  for (const PoisonRow& poison : look.poison)
    context_.problem(pass_, poison.row, poison.reason);
  telemetry::fault_point("batch.looked");
  return std::move(look.safe);
}

std::vector<db::Artifact> Destroyer::granted(std::vector<db::Artifact> rows) {
  const std::int64_t number =
      context_.destroy_budget.reserve(static_cast<std::int64_t>(rows.size()));
  while (static_cast<std::int64_t>(rows.size()) > number) {
    denied_ = true;
    second_try_.add(rows.back().id);
    rows.pop_back();
  }
  return rows;
}

/// Wait until --max-rate lets the rows pass.
/// \return false if the pass must stop before: the rows are left.
bool Destroyer::may_spend(std::span<const db::Artifact> rows) {
  const auto number = static_cast<std::int64_t>(rows.size());
  if (context_.only_plans() || context_.governor.spend(context_, number))
    return true;
  context_.destroy_budget.give_back(number);
  return false;
}

void Destroyer::plan(const std::vector<db::Artifact>& rows,
                     std::chrono::steady_clock::time_point began) {
  std::int64_t bytes = 0;
  telemetry::Projects::Work projects;
  for (const db::Artifact& row : rows) {
    bytes += row.size;
    projects[row.project_id] += {.destroyed = 1, .bytes = row.size};
    if (row.locked == db::LockState::locked)
      ++report_.contradictions;
    if (context_.listing.artifact)
      context_.listing.artifact(pass_, row);
  }
  const auto number = static_cast<std::int64_t>(rows.size());
  report_.destroyed += number;
  report_.bytes += bytes;
  if (!delays_removal())
    plan_removal(rows);
  ++report_.batches;
  context_.report.projects.add(projects);
  context_.progress.advance(number, bytes);
  context_.batch_done(pass_, number, bytes, began);
}

void Destroyer::plan_removal(const std::vector<db::Artifact>& rows) {
  const auto absent =
      static_cast<std::int64_t>(count_absent(context_.stores, rows));
  report_.absent += absent;
  report_.removed += static_cast<std::int64_t>(rows.size()) - absent;
}

bool Destroyer::delays_removal() const {
  return context_.options.removal_delay.count() > 0;
}

/// How far ahead the objects are queued.
std::chrono::seconds Destroyer::hold() const {
  const std::chrono::seconds delay = context_.options.removal_delay;
  if (settles_statistics(context_))
    return std::max(delay, settling_lease);
  return delays_removal() ? delay : db::queue_lease;
}

/// One transaction; where that fails for a row's sake, several.
void Destroyer::destroy_rows(std::span<const db::Artifact> rows, Work& work) {
  int tries = 3;
  in_halves(
      rows, [&] { return context_.must_stop(); },
      [&](std::span<const db::Artifact> part) {
        try {
          db::with_retry([&] { destroy_once(part, work); },
                         std::exchange(tries, 2));
        } catch (const db::Error& error) {
          if (!error.is_transient() || !is_of_one_project(part))
            throw;
          // What somebody holds is the project's statistics: fewer of its rows
          // would wait for them as long, 2,000 times for a batch of 1,000.
        }
      },
      [&](const db::Artifact& row, const db::Error& error) {
        if (error.timed_out())
          timed_out_ = true;
        if (error.is_transient() || error.timed_out())
          return;
        context_.problem(pass_, row, error.what());
        work.failed.insert(row.id);
      });
}

void Destroyer::destroy_once(std::span<const db::Artifact> rows, Work& work) {
  const Stopwatch watch;
  try {
    append(work.done, destroyed(rows));
    context_.governor.batch.took(watch.time());
  } catch (const db::CommitUnknown& error) {
    // Committed or not: each row is either gone, its object queued under our
    // lease, or still there and looked at again at the end.  None is counted
    // as destroyed, and none given back to --max-destroy.
    spdlog::warn(
        "{}; how a batch of {} ended is not known: its rows are looked at "
        "again at the end of the pass",
        error.what(), rows.size());
    for (const db::Artifact& row : rows)
      work.in_doubt.insert(row.id);
  }
}

/// Where nobody is about, rows are not held first.  The first one who holds a
/// row, or has taken one away, ends that: with him the work is shared by
/// leaving him what he holds.
db::Destroyed Destroyer::destroyed(std::span<const db::Artifact> rows) {
  if (!is_alone())
    return destroyed(rows, db::Held::skipped);
  try {
    db::Destroyed done = destroyed(rows, db::Held::awaited);
    if (done.ids.size() < rows.size())
      met_others_ = true;
    return done;
  } catch (const db::Error& error) {
    if (!error.is_transient() && !error.timed_out())
      throw;
    met_others_ = true;
    return destroyed(rows, db::Held::skipped);
  }
}

db::Destroyed Destroyer::destroyed(std::span<const db::Artifact> rows,
                                   db::Held held) {
  db::Session session = context_.writing(pass_);
  if (held == db::Held::awaited) {
    session.lock_timeout = std::min(session.lock_timeout, longest_encounter);
    session.statement_timeout =
        std::min(session.statement_timeout, longest_at_once);
  }
  return context_.artifacts.destroy(session, selection_, held, context_.horizon,
                                    ids_of(rows), files_of(rows),
                                    stores_of(rows), hold());
}

bool Destroyer::is_alone() const {
  return selection_ == db::Selection::unlocked && !met_others_ &&
         !context_.governor.is_courteous();
}

void Destroyer::account(std::span<const db::Artifact> rows, const Work& work) {
  const RowIds gone(work.done.ids.begin(), work.done.ids.end());
  audit_result(pass_, rows, gone, work.in_doubt);
  if (context_.named != nullptr) {
    context_.settled.add(gone);
    context_.settled.add(work.in_doubt);
  }
  telemetry::Projects::Work projects;
  for (const db::Artifact& row : rows)
    if (gone.contains(row.id)) {
      report_.contradictions += row.locked == db::LockState::locked ? 1 : 0;
      projects[row.project_id] += {.destroyed = 1, .bytes = row.size};
    } else if (!work.failed.contains(row.id)) {
      second_try_.add(row.id);
    }
  context_.report.projects.add(projects);

  const auto number = static_cast<std::int64_t>(gone.size());
  context_.destroy_budget.give_back(static_cast<std::int64_t>(rows.size()) -
                                    number - std::ssize(work.in_doubt));
  report_.destroyed += number;
  report_.bytes += work.done.bytes;
  ++report_.batches;
  context_.progress.advance(number, work.done.bytes);
}

void Destroyer::try_again() {
  if (may_destroy()) {
    denied_ = false;
    second_try_.visit(
        [this](const std::vector<db::Artifact>& rows) { retry(rows); });
  }
  remover_.finish();
  if (context_.destroy_budget.is_spent() && !second_try_.is_empty())
    denied_ = true;
  if (may_destroy())
    tell_what_is_held();
}

bool Destroyer::may_destroy() const {
  return !context_.only_plans() && !context_.destroy_budget.is_spent() &&
         context_.may_go_on(pass_);
}

void Destroyer::retry(const std::vector<db::Artifact>& rows) {
  BatchCutter cutter(lanes(), context_.governor.batch_size());
  cutter.add(rows);
  cutter.arrange();
  while (const auto batch = cutter.next())
    if (may_destroy() && context_.governor.admit(context_, pass_))
      destroy(std::move(*batch));
    else if (context_.destroy_budget.is_spent())
      denied_ = true;
}

void Destroyer::tell_what_is_held() {
  second_try_.visit([this](const std::vector<db::Artifact>& rows) {
    report_.skipped += static_cast<std::int64_t>(rows.size());
  });
  if (report_.skipped > 0 || second_try_.overflowed())
    report_.end(
        Outcome::throttled,
        fmt::format("other sessions hold {} rows{}{}", report_.skipped.load(),
                    second_try_.overflowed() ? " or more" : "",
                    timed_out_ ? ", or to destroy one of them takes longer "
                                 "than --statement-timeout"
                               : ""));
}

}  // namespace jobs
