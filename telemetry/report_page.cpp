#include "telemetry/report_page.hpp"

#include "telemetry/readable.hpp"
#include "telemetry/report_style.hpp"
#include "telemetry/summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace telemetry {
namespace {

constexpr std::size_t projects_shown = 50;

std::string figure(std::string_view field, std::int64_t value,
                   const std::string& shown) {
  return fmt::format(R"(<data data-field="{}" value="{}">{}</data>)", field,
                     value, shown);
}

std::string number_figure(std::string_view id, std::int64_t value) {
  return figure(id, value, grouped(value));
}

std::string badge(Outcome outcome) {
  return fmt::format(R"(<span class="outcome {0}">{0}</span>)",
                     name_of(outcome));
}

/// A heading and what stands below it.
std::string section(std::string_view title, const std::string& content) {
  return fmt::format("<section><h2>{}</h2>\n{}</section>\n", title, content);
}

std::string table(std::string_view kind, const std::vector<std::string>& heads,
                  const std::string& rows) {
  std::string head;
  for (const std::string& cell : heads)
    head += fmt::format("<th scope=\"col\">{}</th>", cell);
  return fmt::format(
      "<div class=\"wide\" tabindex=\"0\"><table "
      "class=\"{}\"><thead><tr>{}</tr></thead>\n"
      "<tbody>\n{}</tbody></table></div>\n",
      kind, head, rows);
}

std::string row(std::string_view name, const std::vector<std::string>& cells) {
  std::string line = fmt::format("<tr><th scope=\"row\">{}</th>", name);
  for (const std::string& cell : cells)
    line += fmt::format("<td>{}</td>", cell);
  return line + "</tr>\n";
}

std::string tile(std::string_view name, const std::string& value) {
  return fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", name, value);
}

std::int64_t bytes_destroyed(const Report& report) {
  return report.pass(Pass::unlocked).bytes + report.pass(Pass::legacy).bytes;
}

std::string tiles(const Report& report) {
  const PassReport& builds = report.pass(Pass::builds);
  const PassReport& traces = report.pass(Pass::traces);
  return "<dl>\n" +
         tile("artifacts destroyed",
              number_figure("destroyed", report.destroyed())) +
         tile("MiB freed", figure("bytes", bytes_destroyed(report),
                                  mebibytes(bytes_destroyed(report)))) +
         tile("objects removed",
              number_figure("objects.removed", report.removed())) +
         tile("jobs dropped", number_figure("builds.dropped", builds.dropped)) +
         tile("traces archived",
              number_figure("traces.archived", traces.archived)) +
         tile("traces lost", number_figure("traces.lost", traces.lost)) +
         tile("problems",
              number_figure("problems_total", report.problems_total())) +
         "</dl>\n";
}

/// What a pass counts first of all, and what it is called.
std::pair<std::string_view, std::int64_t> main_count(const Report& report,
                                                     Pass pass) {
  const PassReport& done = report.pass(pass);
  switch (pass) {
    case Pass::objects:
      return {"removed", report.removed()};
    case Pass::builds:
      return {"dropped", done.dropped};
    case Pass::traces:
      return {"archived", done.archived};
    case Pass::unlocked:
    case Pass::legacy:
      break;
  }
  return {"destroyed", done.destroyed};
}

/// What belongs to a pass but has no column, below its row.
std::string remark(const std::string& text) {
  return fmt::format(
      "<tr class=\"reason\"><td></td><td colspan=\"8\">{}</td></tr>\n",
      html(text));
}

std::string pass_row(const Report& report, Pass pass) {
  const PassReport& done = report.pass(pass);
  const std::string name(name_of(pass));
  const auto [what, count] = main_count(report, pass);
  const bool has_bytes = pass != Pass::objects && pass != Pass::builds;
  std::string line = row(
      name,
      {badge(done.outcome),
       number_figure(name + '.' + std::string(what), count) + ' ' +
           std::string(what),
       has_bytes ? figure(name + ".bytes", done.bytes, mebibytes(done.bytes))
                 : "",
       grouped(done.skipped), number_figure(name + ".failed", done.failed),
       fmt::format("{:.1f}", done.seconds),
       fmt::format("{:.1f}", done.statements.p99_ms()),
       fmt::format("{:.1f}", done.statements.slowest_ms())});
  if (!done.reason.empty())
    line += remark(done.reason);
  if (done.kept > 0)
    line += remark(what_is_kept(done));
  return line;
}

std::string passes(const Report& report) {
  std::string rows;
  for (const Pass pass : all_passes)
    rows += pass_row(report, pass);
  return table("of-passes",
               {"pass", "outcome", "count", "MiB", "held by others", "problems",
                "seconds", "p99 ms", "slowest ms"},
               rows);
}

std::vector<std::string> project_cells(const ProjectWork& work) {
  return {grouped(work.destroyed), mebibytes(work.bytes), grouped(work.dropped),
          grouped(work.traces)};
}

std::string projects(const Report& report) {
  const Projects::Ranking ranking = report.projects.ranking(projects_shown);
  if (ranking.first.empty())
    return "<p>Nothing was done in any project.</p>\n";
  std::string rows;
  for (const auto& [id, work] : ranking.first)
    rows += row(figure(fmt::format("project.{}", id), work.destroyed,
                       fmt::format("{}", id)),
                project_cells(work));
  if (ranking.others != ProjectWork{})
    rows += row(ranking.others_count == 0
                    ? "others"
                    : grouped(static_cast<std::int64_t>(ranking.others_count)) +
                          " others",
                project_cells(ranking.others));
  return table("of-projects", {"project", "artifacts", "MiB", "jobs", "traces"},
               rows);
}

std::string left_tile(std::string_view name, std::string_view id,
                      const std::optional<std::int64_t>& count,
                      bool is_lower_bound) {
  if (!count)
    return tile(name, "not counted");
  const bool more = is_lower_bound && *count >= 10'000;  // see Backlog
  return tile(name, (more ? "at least " : "") + number_figure(id, *count));
}

std::string backlog(const Report& report) {
  const Backlog& left = report.backlog;
  const bool bound = left.is_lower_bound;
  std::string text =
      "<dl>\n" +
      left_tile("unlocked", "backlog.unlocked", left.unlocked, bound) +
      left_tile("of unknown lock state", "backlog.unknown", left.unknown,
                bound) +
      left_tile("objects", "backlog.objects", left.objects, bound) +
      left_tile("jobs", "backlog.builds", left.builds, bound) +
      left_tile("traces", "backlog.traces", left.traces, bound) + "</dl>\n";
  if (left.oldest_expired_at)
    text += fmt::format("<p>The oldest expired at {}.</p>\n",
                        format_timestamp(*left.oldest_expired_at));
  return text;
}

std::string waiting(const Report& report) {
  std::string list;
  for (const WaitingGroup& group : report.waiting_groups())
    list += fmt::format(
        "<li>Jobs wait in resource group <b>{}</b> of project {}. On GitLab: "
        "<code>{}</code></li>\n",
        html(group.key), group.project_id, html(group.command()));
  return list.empty() ? "" : "<ul>\n" + list + "</ul>\n";
}

/// Table by table, each with what to do.
std::string problems(const Report& report) {
  const std::vector<Problem> listed = report.problems();
  if (listed.empty())
    return "<p>None.</p>\n";
  std::map<std::string, std::string> lists;
  for (const Problem& problem : listed)
    lists[problem.table] +=
        fmt::format("<li><b>{}</b> ({} pass): {}</li>\n", problem.id,
                    name_of(problem.pass), html(problem.reason));
  std::string text;
  for (const auto& [name, list] : lists)
    text += fmt::format("<h3>{}</h3>\n<p>{}</p>\n<ul>\n{}</ul>\n", html(name),
                        advice_on(name), list);
  const std::int64_t more = report.problems_total() - std::ssize(listed);
  if (more > 0)
    text += fmt::format("<p>And {} more.</p>\n", grouped(more));
  return text;
}

std::string moment_text(Timestamp moment) {
  return format_timestamp(std::chrono::floor<std::chrono::seconds>(moment));
}

std::string lead(const Report& report) {
  return fmt::format(
      "<h1>ci-janitor {} {}</h1>\n<p>{} {} in {:.1f} s, from {} to {}. "
      "Expired is what had to go before {}.</p>\n",
      html(report.command), badge(report.outcome()),
      report.command == "plan"
          ? "What a run would do; nothing was changed. Plan"
          : "Run",
      html(report.run_id), report.seconds, moment_text(report.started_at),
      moment_text(report.finished_at), moment_text(report.horizon));
}

}  // namespace

std::string html(std::string_view text) {
  std::string result;
  for (const char letter : escaped(text))
    switch (letter) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\'':
        result += "&#39;";
        break;
      default:
        result += letter;
    }
  return result;
}

std::string_view advice_on(std::string_view table) {
  if (table == "ci_pipeline_artifacts")
    return "The rows are left as they are, and named again at every run. Look "
           "at what each names, and put the row or its path right.";
  if (table == "ci_deleted_objects")
    return "The objects are still there, and their entries in the queue: the "
           "next run tries again. Let the user who runs ci-janitor remove "
           "them.";
  if (table == "ci_build_trace_chunks")
    return "What these traces held could not be archived. What is lost is "
           "lost; what can't be reached now is tried again by the next run.";
  return "The next run tries again. If a row is named again, do what its line "
         "says, or look for the statement in PostgreSQL's log.";
}

std::string report_page(const Report& report) {
  return fmt::format(
             "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
             "<meta charset=\"utf-8\"/>\n"
             "<meta name=\"viewport\" content=\"width=device-width, "
             "initial-scale=1\"/>\n"
             "<meta name=\"color-scheme\" content=\"light dark\"/>\n"
             "<meta http-equiv=\"Content-Security-Policy\" "
             "content=\"default-src 'none'; style-src 'unsafe-inline'; "
             "img-src data:\"/>\n"
             "<link rel=\"icon\" href=\"data:,\"/>\n"
             "<title>ci-janitor {} {}: {}</title>\n"
             "<style>\n{}</style>\n</head>\n<body>\n<main>\n",
             html(report.command), html(report.run_id),
             name_of(report.outcome()), report_style) +
         lead(report) + tiles(report) +
         section("Passes", passes(report) + waiting(report)) +
         section("Course", plots_of_run(report.timeline.moments())) +
         section("Projects", projects(report)) +
         section("Left", backlog(report)) +
         section("Problems", problems(report)) + "</main>\n</body>\n</html>\n";
}

}  // namespace telemetry
