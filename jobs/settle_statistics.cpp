#include "jobs/settle_statistics.hpp"

#include "db/retry.hpp"
#include "telemetry/fault_point.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace jobs {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;
using telemetry::Pass;
using Ids = std::vector<std::int64_t>;

// Another run must not count a batch of ours anew while we are about to take it
// off: we do so within one minute, it looks at what is older than two.
constexpr seconds ours_for{60};
constexpr seconds others_after{120};
constexpr seconds longest_statement{5};

constexpr std::int64_t entries_a_step = 10'000;
constexpr std::ptrdiff_t projects_a_recount = 1000;
constexpr int most_rounds = 5;

db::Session in_main(const Context& context, Pass pass) {
  db::Session session =
      context.in_main(context.writing(pass).without_deadline());
  session.statement_timeout = std::min<std::chrono::milliseconds>(
      session.statement_timeout, longest_statement);
  return session;
}

Ids unsettled_projects(const Context& context, const db::Session& session) {
  const seconds lease = std::max(context.options.removal_delay, settling_lease);
  Ids projects;
  db::QueuedProjects step;
  do {
    step = db::with_retry([&] {
      return db::queued_projects(context.pool, session, lease - others_after,
                                 step.last, entries_a_step);
    });
    projects.insert(projects.end(), step.projects.begin(), step.projects.end());
  } while (!step.is_last);
  std::ranges::sort(projects);
  projects.erase(std::unique(projects.begin(), projects.end()), projects.end());
  return projects;
}

void recount(const Context& context, Ids projects) {
  const db::Session writing = in_main(context, Pass::unlocked);
  const db::Session reading =
      context.reading(Pass::unlocked).without_deadline();
  for (int round = 0; !projects.empty() && round < most_rounds; ++round)
    projects = db::with_retry([&] {
      return db::recount(context.pool, reading, context.main_pool(), writing,
                         projects);
    });
  if (!projects.empty())
    spdlog::warn(
        "the statistics of {} projects keep changing and were not counted "
        "anew; the next run tries again",
        projects.size());
}

}  // namespace

bool settles_statistics(const Context& context) {
  return context.main != nullptr &&
         context.options.statistics != db::StatisticsWay::off;
}

bool settle_statistics(Context& context, Pass pass,
                       const std::vector<db::FreedBytes>& freed,
                       steady_clock::time_point began) {
  if (!settles_statistics(context) || freed.empty())
    return true;
  telemetry::fault_point("statistics.before");
  std::string trouble = "it took too long";
  if (steady_clock::now() - began < ours_for) {
    try {
      db::with_retry([&] {
        db::subtract_bytes(context.main_pool(), in_main(context, pass), freed);
      });
      telemetry::fault_point("statistics.after");
      return true;
    } catch (const db::Error& error) {
      trouble = error.what();
    }
  }
  context.report.pass(pass).end(
      telemetry::Outcome::partial,
      fmt::format("the statistics of {} projects in the main database do not "
                  "know yet what was destroyed ({}); its objects stay queued, "
                  "and the next run counts anew",
                  freed.size(), trouble));
  return false;
}

void recount_unsettled(Context& context) {
  if (!settles_statistics(context) || context.only_plans())
    return;
  const Ids projects = unsettled_projects(
      context, context.reading(Pass::unlocked).without_deadline());
  for (auto next = projects.begin(); next != projects.end();) {
    const auto end = next + std::min(projects_a_recount, projects.end() - next);
    recount(context, {next, end});
    next = end;
  }
  if (!projects.empty())
    spdlog::info("statistics: {} projects counted anew", projects.size());
}

}  // namespace jobs
