#include "jobs/destroyer.hpp"

#include "db/pipelines.hpp"
#include "db/retry.hpp"
#include "jobs/halves.hpp"
#include "jobs/path_look.hpp"
#include "telemetry/fault_point.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <set>
#include <unordered_set>

namespace jobs {
namespace {

using telemetry::Outcome;

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

/// \param rows projects together.
bool is_of_one_project(std::span<const db::Artifact> rows) {
  return rows.front().project_id == rows.back().project_id;
}

void append(db::Destroyed& all, db::Destroyed part) {
  all.bytes += part.bytes;
  all.ids.insert(all.ids.end(), part.ids.begin(), part.ids.end());
  std::ranges::move(part.objects, std::back_inserter(all.objects));
}

}  // namespace

Destroyer::Destroyer(Context& context, telemetry::Pass pass,
                     db::Selection selection)
    : context_(context),
      pass_(pass),
      selection_(selection),
      report_(context.report.pass(pass)),
      remover_(context, pass),
      lanes_(context.options.concurrency) {}

void Destroyer::destroy(Batch batch) {
  const std::vector<db::Artifact> rows =
      granted(safe(std::move(batch.rows)));
  if (rows.empty())
    return;
  if (context_.only_plans())
    return plan(rows);

  telemetry::fault_point("batch.before_destroy");
  db::Destroyed done;
  {
    const std::lock_guard lane(lanes_[batch.lane]);
    done = destroy_rows(rows);
  }
  telemetry::fault_point("batch.destroyed");
  account(rows, done);
  remover_.remove_fresh(done.objects);
}

/// Leave out the rows whose object must not be touched, and name them.
std::vector<db::Artifact> Destroyer::safe(std::vector<db::Artifact> rows) {
  PathLook look = look_at_paths(context_.stores, rows);
  for (const PoisonRow& poison : look.poison)
    context_.problem(pass_, poison.row, poison.reason);
  telemetry::fault_point("batch.looked");
  return std::move(look.safe);
}

std::vector<db::Artifact> Destroyer::granted(std::vector<db::Artifact> rows) {
  const std::int64_t number = context_.destroy_budget.reserve(
      static_cast<std::int64_t>(rows.size()));
  while (static_cast<std::int64_t>(rows.size()) > number) {
    denied_ = true;
    put_off(rows.back().id);
    rows.pop_back();
  }
  return rows;
}

void Destroyer::plan(const std::vector<db::Artifact>& rows) {
  std::int64_t bytes = 0;
  for (const db::Artifact& row : rows) {
    bytes += row.size;
    if (row.locked == db::LockState::locked)
      ++report_.contradictions;
    if (context_.listing)
      context_.listing(pass_, row);
  }
  const auto absent =
      static_cast<std::int64_t>(count_absent(context_.stores, rows));
  const auto number = static_cast<std::int64_t>(rows.size());
  report_.destroyed += number;
  report_.bytes += bytes;
  report_.absent += absent;
  report_.removed += number - absent;
  ++report_.batches;
  context_.progress.advance(number, bytes);
}

/// One transaction; where that fails for a row's sake, several.
db::Destroyed Destroyer::destroy_rows(std::span<const db::Artifact> rows) {
  db::Destroyed done;
  bool first = true;
  in_halves(
      rows, [&] { return context_.must_stop(); },
      [&](std::span<const db::Artifact> part) {
        const bool whole = std::exchange(first, false);
        try {
          append(done, whole
                           ? db::with_retry([&] { return destroy_once(part); })
                           : destroy_once(part));
        } catch (const db::Error& error) {
          if (!error.is_transient() || !is_of_one_project(part))
            throw;
          // What somebody holds is the project's statistics: fewer of its rows
          // would wait for them as long, 2,000 times for a batch of 1,000.
        }
      },
      [&](const db::Artifact& row, const db::Error& error) {
        if (!error.is_transient() && !error.timed_out())
          context_.problem(pass_, row, error.what());
      });
  return done;
}

db::Destroyed Destroyer::destroy_once(std::span<const db::Artifact> rows) {
  try {
    return context_.artifacts.destroy(context_.writing(pass_), selection_,
                                      context_.horizon, ids_of(rows),
                                      files_of(rows));
  } catch (const db::CommitUnknown& error) {
    // Committed or not: each row is either gone, its object queued under our
    // lease, or still there and looked at again at the end.  None is counted.
    spdlog::warn("{}; how a batch of {} ended is not known", error.what(),
                 rows.size());
    // account() gives back what was not destroyed; these may have been.
    context_.destroy_budget.reserve(static_cast<std::int64_t>(rows.size()));
    return {};
  }
}

void Destroyer::account(std::span<const db::Artifact> rows,
                        const db::Destroyed& done) {
  const std::unordered_set<std::int64_t> gone(done.ids.begin(),
                                              done.ids.end());
  for (const db::Artifact& row : rows)
    if (!gone.contains(row.id))
      put_off(row.id);
    else if (row.locked == db::LockState::locked)
      ++report_.contradictions;

  const auto number = static_cast<std::int64_t>(done.ids.size());
  context_.destroy_budget.give_back(
      static_cast<std::int64_t>(rows.size()) - number);
  report_.destroyed += number;
  report_.bytes += done.bytes;
  ++report_.batches;
  context_.progress.advance(number, done.bytes);
}

void Destroyer::put_off(std::int64_t id) {
  const std::lock_guard lock(mutex_);
  if (put_off_.size() < most_put_off)
    put_off_.push_back(id);
  else
    ++report_.skipped;
}

void Destroyer::try_again() {
  const std::vector<std::int64_t> ids = std::exchange(put_off_, {});
  if (!ids.empty() && may_destroy())
    retry(ids);
  remover_.finish();
  const std::vector<std::int64_t> held = std::exchange(put_off_, {});
  if (!may_destroy())
    return;
  report_.skipped += static_cast<std::int64_t>(still_eligible(held).size());
  if (report_.skipped > 0)
    report_.end(Outcome::throttled,
                fmt::format("other sessions hold {} rows",
                            report_.skipped.load()));
}

bool Destroyer::may_destroy() const {
  return !context_.only_plans() && !context_.destroy_budget.is_spent() &&
         context_.may_go_on(pass_);
}

void Destroyer::retry(const std::vector<std::int64_t>& ids) {
  denied_ = false;
  BatchCutter cutter(lanes(), context_.options.batch_size);
  cutter.fill(still_eligible(ids));
  while (const auto batch = may_destroy() ? cutter.next() : nullptr)
    destroy(std::move(*batch));
}

std::vector<db::Artifact> Destroyer::still_eligible(
    const std::vector<std::int64_t>& ids) {
  if (ids.empty())
    return {};
  std::vector<db::Artifact> rows = db::with_retry([&] {
    return context_.artifacts.rows(context_.reading(pass_), selection_,
                                   context_.horizon, ids);
  });
  if (selection_ == db::Selection::legacy && !rows.empty()) {
    std::vector<std::int64_t> pipelines;
    for (const db::Artifact& row : rows)
      pipelines.push_back(row.pipeline_id);
    const db::PipelineLocks locks = db::with_retry([&] {
      return db::look_up_locks(context_.pool, context_.reading(pass_),
                               pipelines);
    });
    std::erase_if(rows, [&](const db::Artifact& row) {
      return !std::ranges::binary_search(locks.unlocked, row.pipeline_id);
    });
  }
  return rows;
}

}  // namespace jobs
