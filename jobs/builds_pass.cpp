#include "jobs/builds_pass.hpp"

#include "jobs/blocked_pipelines.hpp"
#include "jobs/in_pace.hpp"
#include "jobs/pipeline_dropper.hpp"
#include "telemetry/fault_point.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>

namespace jobs {
namespace {

using telemetry::Outcome;
using telemetry::Pass;
using Wave = std::vector<db::UserPipeline>;

/// A group costs five statements, whatever is in it; smaller ones are slower,
/// larger ones no faster, as the table of waves in benchmarks/README.md has it.
constexpr std::ptrdiff_t group_size = 50;

void work_on(Context& context, const Wave& wave, PipelineDropper& dropper) {
  auto next = wave.begin();
  in_pace<Wave>(
      context, Pass::builds,
      [&] {
        const auto begin = next;
        next += std::min(group_size, wave.end() - next);
        return begin == next ? nullptr : std::make_shared<Wave>(begin, next);
      },
      [&](const Wave& group) {
        if (!context.must_stop() && !context.drop_budget.is_spent())
          dropper.drop(group);
      });
}

/// A budget that is spent to its last job may have been just enough.
bool has_left(const Context& context) {
  try {
    const db::Session session =
        context.reading(Pass::builds).without_deadline();
    return context.only_plans() || count_builds(context, session, 1) > 0;
  } catch (const db::Error&) {
    return true;
  }
}

/// What --plan names and no sweep met as it was, once the walk is over.
void count_refused(Context& context) {
  telemetry::PassReport& report = context.report.pass(Pass::builds);
  if (context.named == nullptr || context.must_stop() ||
      context.drop_budget.is_spent())
    return;
  report.refused = std::max<std::int64_t>(
      0, context.named->jobs() - report.dropped - report.conflicts);
  if (report.refused > 0)
    spdlog::warn(
        "builds: {} jobs of the plan are refused: they are gone, or their "
        "status is not what it was",
        report.refused.load());
}

void end_pass(Context& context, const PipelineDropper& dropper) {
  telemetry::PassReport& report = context.report.pass(Pass::builds);
  report.conflicts = dropper.conflicts();
  count_refused(context);
  if (report.conflicts > 0)
    report.end(Outcome::throttled,
               fmt::format("{} jobs were held, or changed again and again, by "
                           "other sessions",
                           report.conflicts.load()));
  if ((context.drop_budget.is_spent() || dropper.was_refused()) &&
      has_left(context))
    report.end(Outcome::budget_exhausted, "--max-drop was reached");
  report.end(Outcome::drained);
}

}  // namespace

void run_builds_pass(Context& context) {
  if (!context.catalog.has_builds()) {
    context.report.pass(Pass::builds).end(Outcome::unsupported);
    return;
  }
  BlockedPipelines pipelines(context);
  PipelineDropper dropper(context);
  const bool names_none =
      context.named != nullptr && context.named->jobs() == 0;
  while (!names_none && !context.drop_budget.is_spent()) {
    const Wave wave = pipelines.next();
    if (wave.empty())
      break;
    telemetry::fault_point("builds.wave_read");
    work_on(context, wave, dropper);
    if (!context.may_go_on(Pass::builds))
      break;
  }
  end_pass(context, dropper);
}

std::int64_t count_builds(const Context& context, const db::Session& session,
                          std::int64_t limit) {
  std::int64_t count = 0;
  std::int64_t after = 0;
  while (count < limit) {
    const auto users = users_after(context, session, after);
    if (users.empty())
      break;
    after = users.back();
    count +=
        context.builds.count(session, users, context.projects, limit - count);
  }
  return count;
}

}  // namespace jobs
