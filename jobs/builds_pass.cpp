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

/// A group costs four statements, whatever is in it; smaller ones are slower,
/// larger ones no faster, as the table of waves in benchmarks/README.md has it.
constexpr std::ptrdiff_t group_size = 50;

/// A walk in groups.  Its next wave is read while the groups of this one are at
/// work: to wait for the last of them left cores idle between waves.
class Groups {
 public:
  Groups(Context& context, BlockedPipelines& pipelines)
      : context_(context), pipelines_(pipelines) {}

  /// So many groups are no more pipelines than a wave.
  static std::size_t at_once(const Context& context) {
    const std::int64_t wave = context.options.wave_size;
    return static_cast<std::size_t>(
        std::max<std::int64_t>(1, wave / std::min(group_size, wave)));
  }

  /// Null at the end.
  std::shared_ptr<Wave> next() {
    if (at_ == std::ssize(wave_))
      read_wave();
    const auto begin = wave_.begin() + at_;
    const auto size = std::min(group_size, wave_.end() - begin);
    at_ += size;
    return size == 0 ? nullptr : std::make_shared<Wave>(begin, begin + size);
  }

 private:
  void read_wave() {
    wave_.clear();
    at_ = 0;
    if (context_.must_stop() || context_.drop_budget.is_spent())
      return;
    wave_ = pipelines_.next();
    telemetry::fault_point("builds.wave_read");
  }

  Context& context_;
  BlockedPipelines& pipelines_;
  Wave wave_;
  std::ptrdiff_t at_ = 0;
};

void work_on_walk(Context& context, BlockedPipelines& pipelines,
                  PipelineDropper& dropper) {
  Groups groups(context, pipelines);
  in_pace<Wave>(
      context, Pass::builds, [&] { return groups.next(); },
      [&](const Wave& group) {
        if (!context.must_stop() && !context.drop_budget.is_spent())
          dropper.drop(group);
      },
      Groups::at_once(context));
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
  if ((context.drop_budget.is_spent() || dropper.was_denied()) &&
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
  while (!names_none && context.may_go_on(Pass::builds) &&
         !context.drop_budget.is_spent() && pipelines.begin_walk())
    work_on_walk(context, pipelines, dropper);
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
