#include "jobs/window.hpp"

#include "db/pipelines.hpp"
#include "db/retry.hpp"
#include "jobs/halves.hpp"
#include "telemetry/fault_point.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <ranges>

namespace jobs {
namespace {

using telemetry::Pass;

/// Each row costs a write to every index, about 50 us: a slice is a statement
/// of some five milliseconds.
constexpr std::size_t resolve_slice = 100;

db::PipelineLocks look_up(Context& context,
                          std::span<const db::Artifact> rows) {
  db::Located pipelines;
  for (const db::Artifact& row : rows)
    pipelines.add(row.pipeline_id, row.partition_id);
  ++context.report.pass(Pass::legacy).windows;
  return db::with_retry([&] {
    const Stopwatch watch;
    auto locks = db::look_up_locks(context.pool, context.reading(Pass::legacy),
                                   pipelines);
    context.governor.window.took(watch.time());
    return locks;
  });
}

void judge(Context& context, const db::Artifact& row,
           const db::PipelineLocks& locks, JudgedWindow& window) {
  if (std::ranges::binary_search(locks.unlocked, row.pipeline_id))
    window.unlocked.push_back(row);
  else if (context.named != nullptr)
    context.refuse(Pass::legacy, row.id,
                   "its pipeline is not unlocked any more");
  else if (row.locked == db::LockState::unknown &&
           std::ranges::binary_search(locks.locked, row.pipeline_id))
    window.unresolved.push_back(row.id);
}

void resolve_slice_of(Context& context, std::span<const std::int64_t> slice) {
  telemetry::fault_point("window.before_resolve");
  const std::int64_t resolved = db::with_retry([&] {
    return context.artifacts.resolve(context.writing(Pass::legacy),
                                     {slice.begin(), slice.end()});
  });
  context.resolve_budget.give_back(static_cast<std::int64_t>(slice.size()) -
                                   resolved);
  context.report.pass(Pass::legacy).resolved += resolved;
}

}  // namespace

JudgedWindow judge_window(Context& context,
                          std::span<const db::Artifact> rows) {
  JudgedWindow window;
  in_halves(
      rows, [&] { return context.must_stop(); },
      [&](std::span<const db::Artifact> part) {
        const db::PipelineLocks locks = look_up(context, part);
        for (const db::Artifact& row : part)
          judge(context, row, locks, window);
      },
      [&](const db::Artifact& row, const db::Error& error) {
        context.problem(Pass::legacy, row, error.what());
      });
  telemetry::fault_point("window.judged");
  return window;
}

void resolve_states(Context& context, const std::vector<std::int64_t>& ids) {
  if (!context.catalog.has_lock_column())
    return;
  const auto granted = static_cast<std::size_t>(
      context.resolve_budget.reserve(static_cast<std::int64_t>(ids.size())));
  std::span<const std::int64_t> left = std::span(ids).first(granted);
  if (context.only_plans()) {
    context.report.pass(Pass::legacy).resolved +=
        static_cast<std::int64_t>(granted);
    return;
  }
  while (!left.empty() && !context.must_stop()) {
    const auto slice = left.first(std::min(resolve_slice, left.size()));
    left = left.subspan(slice.size());
    in_halves(
        slice, [&] { return context.must_stop(); },
        [&](std::span<const std::int64_t> part) {
          resolve_slice_of(context, part);
        },
        [](std::int64_t id, const db::Error& error) {
          spdlog::warn("the lock state of artifact {} stays unknown: {}", id,
                       error.what());
        });
  }
}

}  // namespace jobs
