#include "jobs/not_eligible.hpp"

#include "db/ineligible.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace jobs {
namespace {

using telemetry::Ineligible;
using telemetry::NotEligible;
using telemetry::Pass;

constexpr std::int64_t most_ineligible = 100'000;
constexpr std::size_t projects_named = 10;

using ByProject = std::map<std::int64_t, NotEligible::Rows>;

constexpr std::size_t place_of(Ineligible reason) {
  return static_cast<std::size_t>(reason);
}

db::Eligibility eligibility_of(const Context& context) {
  const bool judges = context.options.passes.contains(Pass::legacy);
  return {.filter = context.filter,
          .horizon = context.horizon,
          .grace_end = context.horizon + context.options.grace,
          .judges_unknown = judges,
          .judges_locked = judges && !context.options.trust_lock_state};
}

using CountRows = std::vector<db::IneligibleRows> (*)(db::Pool&,
                                                      const db::Session&,
                                                      const db::Eligibility&,
                                                      std::int64_t);

/// Add what one statement counts, of \a reasons; where it takes too long these
/// are not known.
void add_counted(const Context& context, CountRows count,
                 std::initializer_list<Ineligible> reasons, NotEligible& all,
                 ByProject& projects) {
  try {
    std::int64_t rows = 0;
    for (const Ineligible reason : reasons)
      all.total[place_of(reason)] = 0;
    for (const db::IneligibleRows& part :
         count(context.pool, context.counting("plan"), eligibility_of(context),
               most_ineligible)) {
      projects[part.project_id][place_of(part.reason)] += part.rows;
      *all.total[place_of(part.reason)] += part.rows;
      rows += part.rows;
    }
    all.is_lower_bound = all.is_lower_bound || rows >= most_ineligible;
  } catch (const db::Error& error) {
    spdlog::debug("{}: not counted", error.what());
    for (const Ineligible reason : reasons)
      all.total[place_of(reason)] = std::nullopt;
  }
}

/// What the plan itself has met, on top.
void add_problems(Context& context, NotEligible& all, ByProject& projects) {
  const std::lock_guard lock(context.ineligible_mutex);
  all.total[place_of(Ineligible::poison)] = 0;
  for (const auto& [project, rows] : context.ineligible)
    for (std::size_t reason = 0; reason < rows.size(); ++reason) {
      projects[project][reason] += rows[reason];
      if (all.total[reason])
        *all.total[reason] += rows[reason];
    }
}

std::vector<NotEligible::Project> with_most(const ByProject& projects) {
  std::vector<NotEligible::Project> all;
  for (const auto& [project, rows] : projects)
    all.push_back({project, rows});
  std::ranges::stable_sort(all, std::ranges::greater{},
                           &NotEligible::Project::total);
  all.resize(std::min(all.size(), projects_named));
  return all;
}

}  // namespace

NotEligible count_not_eligible(Context& context) {
  NotEligible all;
  ByProject projects;
  add_counted(
      context, db::count_locked,
      {Ineligible::locked, Ineligible::unknown, Ineligible::contradictory}, all,
      projects);
  add_counted(context, db::count_too_young, {Ineligible::too_young}, all,
              projects);
  add_counted(context, db::count_other_stores, {Ineligible::other_store}, all,
              projects);
  add_problems(context, all, projects);
  all.projects = with_most(projects);
  return all;
}

}  // namespace jobs
