#include "telemetry/report.hpp"

#include "telemetry/readable.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <numeric>

namespace telemetry {

std::string_view name_of(Pass pass) {
  switch (pass) {
    case Pass::unlocked:
      return "unlocked";
    case Pass::legacy:
      return "legacy";
    case Pass::objects:
      return "objects";
    case Pass::builds:
      return "builds";
    case Pass::traces:
      return "traces";
  }
  return "unknown";
}

std::string_view name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::skipped:
      return "skipped";
    case Outcome::unsupported:
      return "unsupported";
    case Outcome::drained:
      return "drained";
    case Outcome::budget_exhausted:
      return "budget_exhausted";
    case Outcome::throttled:
      return "throttled";
    case Outcome::partial:
      return "partial";
    case Outcome::interrupted:
      return "interrupted";
  }
  return "unknown";
}

std::string_view name_of(Ineligible reason) {
  switch (reason) {
    case Ineligible::locked:
      return "locked";
    case Ineligible::unknown:
      return "unknown";
    case Ineligible::contradictory:
      return "contradictory";
    case Ineligible::too_young:
      return "too_young";
    case Ineligible::poison:
      return "poison";
    case Ineligible::other_store:
      return "other_store";
  }
  return "unknown";
}

std::int64_t NotEligible::Project::total() const {
  return std::accumulate(rows.begin(), rows.end(), std::int64_t{0});
}

void PassReport::end(Outcome how, std::string_view why) {
  const std::lock_guard lock(ending);
  if (how > outcome) {
    outcome = how;
    reason = why;
  } else if (how == outcome && reason.empty()) {
    reason = why;
  }
}

std::string WaitingGroup::command() const {
  return fmt::format(
      "gitlab-rails runner "
      "'Ci::ResourceGroups::AssignResourceFromResourceGroupWorker"
      ".perform_async({})'",
      id);
}

std::optional<std::int64_t> Backlog::total() const {
  if (!unlocked || !unknown || !objects || !builds || !traces)
    return std::nullopt;
  return *unlocked + *unknown + *objects + *builds + *traces;
}

PassReport& Report::pass(Pass which) {
  return passes_[static_cast<std::size_t>(which)];
}

const PassReport& Report::pass(Pass which) const {
  return passes_[static_cast<std::size_t>(which)];
}

void Report::batch_done(Pass which, std::int64_t rows) {
  const auto now = std::chrono::steady_clock::now();
  Moment moment{.seconds = std::chrono::duration<double>(now - began_).count(),
                .pass = name_of(which),
                .done = rows};
  for (const PassReport& pass : passes_) {
    moment.statements += pass.statements.count();
    moment.statement_seconds += pass.statements.seconds();
  }
  timeline.note(moment);
}

Report::Noted Report::note(const Problem& problem) {
  const std::lock_guard lock(mutex_);
  Table& table = tables_[problem.table];
  if (table.rows.contains(problem.id))
    return Noted::again;
  if (problems_total_ < static_cast<std::int64_t>(remembered_problems))
    table.rows.insert(problem.id);
  table.counts[problem.pass] += 1;
  problems_total_ += 1;

  if (problems_.size() < listed_problems) {
    problems_.push_back(problem);
    return Noted::listed;
  }
  return problems_total_ == static_cast<std::int64_t>(listed_problems) + 1
             ? Noted::first_unlisted
             : Noted::unlisted;
}

bool Report::problem(Problem problem) {
  const Noted noted = note(problem);
  if (noted == Noted::again)
    return false;
  pass(problem.pass).failed += 1;

  if (noted == Noted::listed)
    spdlog::warn("{} {} is left as it is: {}", escaped(problem.table),
                 problem.id, escaped(problem.reason));
  if (noted == Noted::first_unlisted)
    spdlog::warn("more than {} problems: the others are counted, not named",
                 grouped(static_cast<std::int64_t>(listed_problems)));
  return true;
}

void Report::waiting(const std::vector<WaitingGroup>& groups) {
  const std::lock_guard lock(mutex_);
  for (const WaitingGroup& group : groups)
    waiting_.try_emplace(group.id, group);
}

std::vector<WaitingGroup> Report::waiting_groups() const {
  const std::lock_guard lock(mutex_);
  std::vector<WaitingGroup> groups;
  for (const auto& [id, group] : waiting_)
    groups.push_back(group);
  return groups;
}

std::vector<Problem> Report::problems() const {
  const std::lock_guard lock(mutex_);
  return problems_;
}

std::int64_t Report::problems_total() const {
  const std::lock_guard lock(mutex_);
  return problems_total_;
}

std::int64_t Report::problems_in(std::string_view table, Pass pass) const {
  const std::lock_guard lock(mutex_);
  const auto found = tables_.find(table);
  if (found == tables_.end())
    return 0;
  const auto count = found->second.counts.find(pass);
  return count == found->second.counts.end() ? 0 : count->second;
}

void Report::settle(std::int64_t tolerated) {
  const std::int64_t total = problems_total();
  if (total <= tolerated)
    return;
  const std::string why =
      fmt::format("{} problem{}, and {} tolerated", grouped(total),
                  total == 1 ? "" : "s", grouped(tolerated));
  for (PassReport& pass : passes_)
    if (pass.failed > 0)
      pass.end(Outcome::partial, why);
}

Outcome Report::outcome() const {
  return std::ranges::max_element(passes_, {}, &PassReport::outcome)->outcome;
}

std::int64_t Report::sum(Counter counter) const {
  std::int64_t total = 0;
  for (const PassReport& pass : passes_)
    total += pass.*counter;
  return total;
}

std::int64_t Report::destroyed() const {
  return sum(&PassReport::destroyed);
}

std::int64_t Report::removed() const {
  return sum(&PassReport::removed);
}

std::int64_t Report::absent() const {
  return sum(&PassReport::absent);
}

}  // namespace telemetry
