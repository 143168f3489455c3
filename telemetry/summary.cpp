#include "telemetry/summary.hpp"

#include "telemetry/readable.hpp"

#include <nlohmann/json.hpp>

#include <atomic>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <utility>

namespace telemetry {

namespace {

using Json = nlohmann::ordered_json;

/// Three decimals: whole milliseconds of a run, microseconds of a statement.
double rounded(double value) {
  return std::round(value * 1000) / 1000;
}

Json begin_pass(const PassReport& pass) {
  Json json{{"outcome", name_of(pass.outcome)}};
  if (!pass.reason.empty())
    json["reason"] = valid_utf8(pass.reason);
  return json;
}

struct NamedCounter {
  const char* name;
  std::atomic<std::int64_t> PassReport::*value;
};

/// A pass that counts these, in their order, and issues statements.
Json counted_pass(const PassReport& pass,
                  std::initializer_list<NamedCounter> counters) {
  Json json = begin_pass(pass);
  for (const NamedCounter& counter : counters)
    json[counter.name] = (pass.*counter.value).load();
  json["seconds"] = rounded(pass.seconds);
  json["p99_statement_ms"] = rounded(pass.statements.p99_ms());
  json["slowest_statement_ms"] = rounded(pass.statements.slowest_ms());
  return json;
}

Json unlocked_json(const PassReport& pass) {
  return counted_pass(pass, {{"destroyed", &PassReport::destroyed},
                             {"bytes", &PassReport::bytes},
                             {"batches", &PassReport::batches},
                             {"skipped", &PassReport::skipped},
                             {"kept", &PassReport::kept},
                             {"failed", &PassReport::failed},
                             {"refused", &PassReport::refused}});
}

Json legacy_json(const PassReport& pass) {
  return counted_pass(pass, {{"scanned", &PassReport::scanned},
                             {"destroyed", &PassReport::destroyed},
                             {"resolved", &PassReport::resolved},
                             {"contradictions", &PassReport::contradictions},
                             {"bytes", &PassReport::bytes},
                             {"windows", &PassReport::windows},
                             {"skipped", &PassReport::skipped},
                             {"failed", &PassReport::failed},
                             {"refused", &PassReport::refused}});
}

Json objects_json(const Report& report) {
  const PassReport& pass = report.pass(Pass::objects);
  Json json = begin_pass(pass);
  json["removed"] = report.removed();
  json["absent"] = report.absent();
  json["failed"] = pass.failed.load();
  json["seconds"] = rounded(pass.seconds);
  return json;
}

Json waiting_json(const Report& report) {
  Json list = Json::array();
  for (const WaitingGroup& group : report.waiting_groups())
    list.push_back({{"id", group.id},
                    {"project_id", group.project_id},
                    {"key", valid_utf8(group.key)},
                    {"command", group.command()}});
  return list;
}

Json builds_json(const Report& report) {
  Json json = counted_pass(report.pass(Pass::builds),
                           {{"users", &PassReport::users},
                            {"schedules", &PassReport::schedules},
                            {"pipelines", &PassReport::pipelines},
                            {"dropped", &PassReport::dropped},
                            {"conflicts", &PassReport::conflicts},
                            {"failed", &PassReport::failed},
                            {"refused", &PassReport::refused}});
  json["waiting_resource_groups"] = waiting_json(report);
  return json;
}

Json traces_json(const PassReport& pass) {
  return counted_pass(pass, {{"archived", &PassReport::archived},
                             {"empty", &PassReport::empty},
                             {"partial", &PassReport::partial},
                             {"lost", &PassReport::lost},
                             {"chunks", &PassReport::chunks},
                             {"bytes", &PassReport::bytes},
                             {"skipped", &PassReport::skipped},
                             {"failed", &PassReport::failed}});
}

template <typename T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json backlog_json(const Backlog& backlog) {
  Json json{{"unlocked", or_null(backlog.unlocked)},
            {"unknown", or_null(backlog.unknown)},
            {"objects", or_null(backlog.objects)},
            {"builds", or_null(backlog.builds)},
            {"traces", or_null(backlog.traces)},
            {"oldest_expired_at", nullptr}};
  if (backlog.oldest_expired_at)
    json["oldest_expired_at"] = format_timestamp(*backlog.oldest_expired_at);
  if (backlog.is_lower_bound)
    json["backlog_is_lower_bound"] = true;
  return json;
}

Json not_eligible_json(const NotEligible& rows) {
  Json json;
  Json projects = Json::array();
  for (const Ineligible reason : ineligible_reasons)
    json[std::string(name_of(reason))] =
        or_null(rows.total[static_cast<std::size_t>(reason)]);
  for (const NotEligible::Project& project : rows.projects) {
    Json line{{"project_id", project.id}};
    for (const Ineligible reason : ineligible_reasons)
      line[std::string(name_of(reason))] =
          project.rows[static_cast<std::size_t>(reason)];
    projects.push_back(line);
  }
  json["projects"] = projects;
  if (rows.is_lower_bound)
    json["not_eligible_is_lower_bound"] = true;
  return json;
}

Json problems_json(const Report& report) {
  Json list = Json::array();
  for (const Problem& problem : report.problems())
    list.push_back({{"pass", name_of(problem.pass)},
                    {"table", valid_utf8(problem.table)},
                    {"id", problem.id},
                    {"reason", valid_utf8(problem.reason)}});
  return list;
}

}  // namespace

Json pass_json(const Report& report, Pass which) {
  switch (which) {
    case Pass::unlocked:
      return unlocked_json(report.pass(which));
    case Pass::legacy:
      return legacy_json(report.pass(which));
    case Pass::objects:
      return objects_json(report);
    case Pass::builds:
      return builds_json(report);
    case Pass::traces:
      return traces_json(report.pass(which));
  }
  return {};
}

Json summary_json(const Report& report) {
  Json passes;
  for (const Pass pass : all_passes)
    passes[std::string(name_of(pass))] = pass_json(report, pass);
  Json json{{"program", "ci-janitor"},
            {"version", CI_JANITOR_VERSION},
            {"command", valid_utf8(report.command)},
            {"run_id", valid_utf8(report.run_id)},
            {"outcome", name_of(report.outcome())},
            {"started_at", format_timestamp(report.started_at)},
            {"finished_at", format_timestamp(report.finished_at)},
            {"seconds", rounded(report.seconds)},
            {"horizon", format_timestamp(report.horizon)},
            {"passes", std::move(passes)},
            {"backlog", backlog_json(report.backlog)},
            {"problems", problems_json(report)},
            {"problems_total", report.problems_total()}};
  if (report.not_eligible)
    json["not_eligible"] = not_eligible_json(*report.not_eligible);
  return json;
}

}  // namespace telemetry
