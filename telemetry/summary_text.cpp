#include "telemetry/readable.hpp"
#include "telemetry/summary.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace telemetry {

namespace {

constexpr std::size_t problems_shown = 10;

/// "3 windows", "1 window"
std::string counted(std::int64_t count, std::string_view thing) {
  return fmt::format("{} {}{}", grouped(count), thing, count == 1 ? "" : "s");
}

constexpr std::string_view columns =
    "{:<9} {:<16} {:>11} {:>10} {:>6} {:>6} {:>8} {:>7}\n";

std::string heading() {
  return fmt::format(columns, "pass", "outcome", "destroyed", "MiB", "held",
                     "failed", "seconds", "p99 ms");
}

/// What belongs to a pass but has no column, below its line.
std::string remark(std::string_view text) {
  return fmt::format("{:<10}{}\n", "", text);
}

std::string reason_of(const PassReport& pass) {
  return pass.reason.empty() ? std::string{} : remark(escaped(pass.reason));
}

std::string refused_text(const PassReport& pass) {
  return pass.refused == 0
             ? std::string{}
             : remark(grouped(pass.refused) +
                      " of the plan refused: gone, or changed since");
}

std::string kept_text(const PassReport& pass) {
  return pass.kept == 0 ? std::string{} : remark(what_is_kept(pass));
}

std::string artifact_pass_text(Pass which, const PassReport& pass) {
  return fmt::format(columns, name_of(which), name_of(pass.outcome),
                     grouped(pass.destroyed), mebibytes(pass.bytes),
                     grouped(pass.skipped), grouped(pass.failed),
                     fmt::format("{:.1f}", pass.seconds),
                     fmt::format("{:.1f}", pass.statements.p99_ms())) +
         reason_of(pass) + refused_text(pass) + kept_text(pass);
}

std::string legacy_details(const PassReport& pass) {
  return remark(fmt::format("{} looked at in {}", counted(pass.scanned, "row"),
                            counted(pass.windows, "window"))) +
         remark(fmt::format("{} written down, {}",
                            counted(pass.resolved, "lock state"),
                            counted(pass.contradictions, "contradiction")));
}

std::string objects_text(const Report& report) {
  const PassReport& pass = report.pass(Pass::objects);
  const bool quiet = pass.outcome == Outcome::skipped;
  return fmt::format(columns, name_of(Pass::objects), name_of(pass.outcome),
                     "-", "-", "-", quiet ? "-" : grouped(pass.failed),
                     quiet ? "-" : fmt::format("{:.1f}", pass.seconds), "-") +
         reason_of(pass) +
         remark(fmt::format("by all passes: {} removed, {} absent",
                            counted(report.removed(), "object"),
                            grouped(report.absent())));
}

/// A pass that has no artifacts: the columns that make sense for it.
std::string job_pass_line(Pass which, const PassReport& pass) {
  return fmt::format(columns, name_of(which), name_of(pass.outcome), "-",
                     which == Pass::traces ? mebibytes(pass.bytes) : "-",
                     grouped(pass.skipped), grouped(pass.failed),
                     fmt::format("{:.1f}", pass.seconds),
                     fmt::format("{:.1f}", pass.statements.p99_ms())) +
         reason_of(pass) + refused_text(pass);
}

std::string builds_details(const Report& report) {
  const PassReport& pass = report.pass(Pass::builds);
  std::string text =
      remark(fmt::format("{} dropped in {} of {}", counted(pass.dropped, "job"),
                         counted(pass.pipelines, "pipeline"),
                         counted(pass.users, "user"))) +
      remark(fmt::format("{}, {} turned off",
                         counted(pass.conflicts, "conflict"),
                         counted(pass.schedules, "schedule")));
  for (const WaitingGroup& group : report.waiting_groups())
    text += remark(fmt::format(
                "jobs wait in resource group '{}' of project {}; on GitLab:",
                escaped(group.key), group.project_id)) +
            remark(group.command());
  return text;
}

std::string traces_details(const PassReport& pass) {
  return remark(fmt::format(
      "{} archived, {} partial, {} empty, {} lost; {} forgotten",
      counted(pass.archived, "trace"), grouped(pass.partial),
      grouped(pass.empty), grouped(pass.lost), counted(pass.chunks, "chunk")));
}

std::string job_passes_text(const Report& report) {
  std::string text;
  for (const Pass which : {Pass::builds, Pass::traces}) {
    const PassReport& pass = report.pass(which);
    if (pass.outcome == Outcome::skipped ||
        pass.outcome == Outcome::unsupported) {
      text += fmt::format(columns, name_of(which), name_of(pass.outcome), "-",
                          "-", "-", "-", "-", "-");
      continue;
    }
    text += job_pass_line(which, pass);
    text +=
        which == Pass::builds ? builds_details(report) : traces_details(pass);
  }
  return text;
}

std::string passes_text(const Report& report) {
  std::string text = heading();
  for (const Pass which : {Pass::unlocked, Pass::legacy}) {
    const PassReport& pass = report.pass(which);
    if (pass.outcome == Outcome::skipped) {
      text += fmt::format(columns, name_of(which), "skipped", "-", "-", "-",
                          "-", "-", "-");
      continue;
    }
    text += artifact_pass_text(which, pass);
    if (which == Pass::legacy)
      text += legacy_details(pass);
  }
  return text + objects_text(report) + job_passes_text(report);
}

std::string backlog_count(const std::optional<std::int64_t>& count,
                          std::string_view what, bool is_lower_bound) {
  constexpr std::int64_t counted_exactly = 10'000;  // see Backlog
  if (!count)
    return fmt::format("{} not counted in a second", what);
  const bool more = is_lower_bound && *count >= counted_exactly;
  return fmt::format("{}{} {}", more ? "at least " : "", grouped(*count), what);
}

std::string backlog_text(const Backlog& backlog) {
  if (backlog.total() == 0)
    return "nothing left\n";
  const bool bound = backlog.is_lower_bound;
  std::string text = fmt::format(
      "left: {}, {}, {}\n", backlog_count(backlog.unlocked, "unlocked", bound),
      backlog_count(backlog.unknown, "of unknown state", bound),
      backlog_count(backlog.objects, "objects", bound));
  if (backlog.builds != 0 || backlog.traces != 0)
    text += fmt::format("      {}, {}\n",
                        backlog_count(backlog.builds, "jobs", bound),
                        backlog_count(backlog.traces, "traces", bound));
  if (backlog.oldest_expired_at)
    text += fmt::format("      the oldest expired at {}\n",
                        format_timestamp(*backlog.oldest_expired_at));
  return text;
}

constexpr std::string_view words_for(Ineligible reason) {
  switch (reason) {
    case Ineligible::locked:
      return "locked";
    case Ineligible::unknown:
      return "of unknown state";
    case Ineligible::contradictory:
      return "contradictory";
    case Ineligible::too_young:
      return "within --grace";
    case Ineligible::poison:
      return "that must not be touched";
    case Ineligible::other_store:
      return "in another store";
  }
  return "";
}

/// "3 locked, 1 within --grace"; what is none is left out.
template <typename Rows>
std::string reasons_text(const Rows& rows) {
  std::string text;
  for (const Ineligible reason : ineligible_reasons) {
    const std::optional<std::int64_t> count =
        rows[static_cast<std::size_t>(reason)];
    if (count == 0)
      continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ",
                        count ? grouped(*count) : "not counted in a second:",
                        words_for(reason));
  }
  return text;
}

std::string not_eligible_text(const std::optional<NotEligible>& rows) {
  const std::string total = rows ? reasons_text(rows->total) : "";
  if (total.empty())
    return {};
  std::string text =
      fmt::format("expired, but not eligible{}: {}\n",
                  rows->is_lower_bound ? ", at least" : "", total);
  for (const NotEligible::Project& project : rows->projects)
    text += fmt::format("      project {}: {}\n", project.id,
                        reasons_text(project.rows));
  return text;
}

std::string problems_text(const Report& report) {
  const std::int64_t total = report.problems_total();
  if (total == 0)
    return {};
  const std::vector<Problem> problems = report.problems();
  const std::size_t shown = std::min(problems.size(), problems_shown);

  std::string text = fmt::format("\n{}:\n", counted(total, "problem"));
  for (std::size_t i = 0; i < shown; ++i)
    text += fmt::format("  {} pass, {} {}: {}\n", name_of(problems[i].pass),
                        escaped(problems[i].table), problems[i].id,
                        escaped(problems[i].reason));
  if (const auto more = total - static_cast<std::int64_t>(shown); more > 0)
    text += fmt::format("  and {} more\n", grouped(more));
  return text;
}

}  // namespace

std::string what_is_kept(const PassReport& pass) {
  return "the oldest " + grouped(pass.kept) +
         " wait for VACUUM, so that GitLab finds them first";
}

std::string summary_text(const Report& report) {
  return fmt::format("ci-janitor {}: {} in {:.1f} s, horizon {}\n\n",
                     escaped(report.command), name_of(report.outcome()),
                     report.seconds, format_timestamp(report.horizon)) +
         passes_text(report) + "\n" + backlog_text(report.backlog) +
         not_eligible_text(report.not_eligible) + problems_text(report);
}

}  // namespace telemetry
