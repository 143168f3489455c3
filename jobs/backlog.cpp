#include "jobs/backlog.hpp"

#include "jobs/builds_pass.hpp"
#include "jobs/objects_pass.hpp"
#include "jobs/traces_pass.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace jobs {
namespace {

using telemetry::Backlog;
using telemetry::Pass;
using telemetry::PassReport;

constexpr std::int64_t exact_up_to = 10000;

/// \param accounted rows that are counted but are no backlog: problems, and in
///        a plan what run would have dealt with.
/// \param count takes the number up to which to count.
template <typename Count>
std::optional<std::int64_t> count_up_to(std::int64_t accounted,
                                        Backlog& backlog, const Count& count) {
  try {
    const std::int64_t rows = count(exact_up_to + 1 + accounted) - accounted;
    backlog.is_lower_bound = backlog.is_lower_bound || rows > exact_up_to;
    return std::clamp(rows, std::int64_t{0}, exact_up_to);
  } catch (const db::Error& error) {
    spdlog::info("what is left is not counted: {}", error.what());
    return std::nullopt;
  }
}

/// What a plan has left where it was.
std::int64_t if_planned(const Context& context, std::int64_t rows) {
  return context.only_plans() ? rows : 0;
}

void count_unlocked(Context& context, Backlog& backlog) {
  const Pass which =
      context.catalog.has_lock_column() ? Pass::unlocked : Pass::legacy;
  const PassReport& pass = context.report.pass(which);
  const std::int64_t accounted =
      context.report.problems_in("ci_pipeline_artifacts", which) +
      if_planned(context, pass.destroyed);
  backlog.unlocked = count_up_to(accounted, backlog, [&](std::int64_t limit) {
    const db::Count count = context.artifacts.count_unlocked(
        context.counting("backlog"), context.horizon, context.filter, limit,
        pass.kept);
    if (count.rows > accounted)
      backlog.oldest_expired_at = count.oldest;
    return count.rows;
  });
}

void count_unknown(Context& context, Backlog& backlog) {
  if (!context.catalog.has_lock_column()) {
    backlog.unknown = 0;  // no row could ever say it
    return;
  }
  const PassReport& pass = context.report.pass(Pass::legacy);
  const std::int64_t accounted =
      context.unknown_problems +
      if_planned(context, pass.resolved + pass.destroyed - pass.contradictions);
  backlog.unknown = count_up_to(accounted, backlog, [&](std::int64_t limit) {
    return context.artifacts
        .count_unknown(context.counting("backlog"), context.horizon,
                       context.filter, limit)
        .rows;
  });
}

void count_objects(Context& context, Backlog& backlog) {
  const PassReport& pass = context.report.pass(Pass::objects);
  std::int64_t accounted = if_planned(context, pass.removed + pass.absent);
  for (const Pass which : telemetry::all_passes)
    accounted += context.report.problems_in("ci_deleted_objects", which);
  backlog.objects = count_up_to(accounted, backlog, [&](std::int64_t limit) {
    return context.queue.count_due(context.counting("backlog"),
                                   served_stores(context), limit,
                                   context.shard());
  });
}

bool was_asked_for(const Context& context, Pass pass) {
  return context.options.passes.contains(pass) && context.catalog.has_builds();
}

void count_builds(Context& context, Backlog& backlog) {
  if (!was_asked_for(context, Pass::builds)) {
    backlog.builds = 0;
    return;
  }
  const std::int64_t accounted =
      if_planned(context, context.report.pass(Pass::builds).dropped);
  backlog.builds = count_up_to(accounted, backlog, [&](std::int64_t limit) {
    return jobs::count_builds(context, context.counting("backlog"), limit);
  });
}

void count_traces(Context& context, Backlog& backlog) {
  if (!was_asked_for(context, Pass::traces)) {
    backlog.traces = 0;
    return;
  }
  const PassReport& pass = context.report.pass(Pass::traces);
  const std::int64_t accounted =
      context.report.problems_in("ci_build_trace_chunks", Pass::traces) +
      if_planned(context, pass.archived + pass.partial + pass.empty);
  backlog.traces = count_up_to(accounted, backlog, [&](std::int64_t limit) {
    return jobs::count_traces(context, context.counting("backlog"), limit);
  });
}

}  // namespace

Backlog count_backlog(Context& context) {
  Backlog backlog;
  count_unlocked(context, backlog);
  count_unknown(context, backlog);
  count_objects(context, backlog);
  count_builds(context, backlog);
  count_traces(context, backlog);
  return backlog;
}

}  // namespace jobs
