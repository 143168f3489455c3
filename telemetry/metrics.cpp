#include "telemetry/metrics.hpp"

#include "telemetry/metric_families.hpp"

#include <algorithm>
#include <array>

namespace telemetry {
namespace {

constexpr std::array all_outcomes{
    Outcome::skipped,          Outcome::unsupported, Outcome::drained,
    Outcome::budget_exhausted, Outcome::throttled,   Outcome::partial,
    Outcome::interrupted};

MetricFamilies::Labels of_pass(Pass pass) {
  return {{"pass", std::string(name_of(pass))}};
}

double number(std::int64_t value) {
  return static_cast<double>(value);
}

void add_artifacts(MetricFamilies& families, const Report& report) {
  for (const Pass pass : {Pass::unlocked, Pass::legacy}) {
    const PassReport& done = report.pass(pass);
    families.count("ci_janitor_artifacts_destroyed_total",
                   number(done.destroyed), of_pass(pass));
    families.count("ci_janitor_artifacts_destroyed_bytes_total",
                   number(done.bytes), of_pass(pass));
  }
  families.count("destroyed_pipeline_artifacts_count_total",
                 number(report.destroyed()));
  families.count("ci_janitor_lock_states_resolved_total",
                 number(report.pass(Pass::legacy).resolved));
}

void add_objects(MetricFamilies& families, const Report& report) {
  std::int64_t failed = 0;
  for (const Pass pass : all_passes)
    failed += report.problems_in("ci_deleted_objects", pass);
  for (const auto& [result, value] :
       {std::pair("removed", report.removed()),
        std::pair("absent", report.absent()), std::pair("failed", failed)})
    families.count("ci_janitor_objects_total", number(value),
                   {{"result", result}});
}

void add_jobs(MetricFamilies& families, const Report& report) {
  const PassReport& builds = report.pass(Pass::builds);
  families.count("ci_janitor_builds_dropped_total", number(builds.dropped));
  families.count("ci_janitor_pipelines_dropped_total",
                 number(builds.pipelines));
  const PassReport& traces = report.pass(Pass::traces);
  families.count("ci_janitor_traces_archived_total", number(traces.archived));
  families.count("ci_janitor_traces_partial_total", number(traces.partial));
  families.count("ci_janitor_traces_lost_total", number(traces.lost));
}

void add_outcome(MetricFamilies& families, const std::string& pass,
                 Outcome outcome) {
  for (const Outcome one : all_outcomes)
    families.gauge("ci_janitor_outcome", one == outcome ? 1 : 0,
                   {{"pass", pass}, {"outcome", std::string(name_of(one))}});
}

void add_passes(MetricFamilies& families, const Report& report) {
  bool throttled = false;
  for (const Pass pass : all_passes) {
    const PassReport& done = report.pass(pass);
    families.count("ci_janitor_rows_skipped_total", number(done.skipped),
                   of_pass(pass));
    families.gauge("ci_janitor_problems", number(done.failed), of_pass(pass));
    families.gauge("ci_janitor_pass_seconds", done.seconds, of_pass(pass));
    add_outcome(families, std::string(name_of(pass)), done.outcome);
    throttled = throttled || done.outcome == Outcome::throttled;
  }
  add_outcome(families, "all", report.outcome());
  families.gauge("ci_janitor_throttled", throttled ? 1 : 0);
  families.count("ci_janitor_problems_total", number(report.problems_total()));
}

double age_of_oldest(const Report& report) {
  const auto& oldest = report.backlog.oldest_expired_at;
  if (!oldest)
    return 0;
  const auto age = report.finished_at - *oldest;
  return std::max(0.0, std::chrono::duration<double>(age).count());
}

/// Nothing where it was not counted at all.
void add_backlog(MetricFamilies& families, const Report& report) {
  const Backlog& left = report.backlog;
  for (const auto& [kind, count] :
       {std::pair("unlocked", left.unlocked),
        std::pair("unknown", left.unknown), std::pair("objects", left.objects),
        std::pair("builds", left.builds), std::pair("traces", left.traces)})
    if (count)
      families.gauge("ci_janitor_backlog", number(*count), {{"kind", kind}});
  if (left.unknown)
    families.gauge("ci_janitor_unknown_lock_states", number(*left.unknown));
  if (left.unlocked)
    families.gauge("ci_janitor_oldest_expired_age_seconds",
                   age_of_oldest(report));
}

void add_durations(MetricFamilies& families, const Report& report) {
  for (const Pass pass : all_passes)
    for (const auto& kind : report.pass(pass).statements.by_name().read())
      families.durations("ci_janitor_statement_duration_seconds", kind,
                         {{"statement", kind.name}});
  for (const auto& kind : report.requests.s3.read())
    families.durations("ci_janitor_s3_request_duration_seconds", kind,
                       {{"method", kind.name}});
  for (const auto& kind : report.requests.redis.read())
    families.durations("ci_janitor_redis_request_duration_seconds", kind);
}

void add_end(MetricFamilies& families, const RunEnd& end) {
  families.gauge("ci_janitor_last_start_timestamp_seconds", end.started_at);
  if (end.exit_status == 0)
    families.gauge("ci_janitor_last_success_timestamp_seconds", end.ended_at);
  families.gauge("ci_janitor_exit_status", end.exit_status);
  families.gauge("ci_janitor_run_seconds", end.ended_at - end.started_at);
}

}  // namespace

std::string metrics_text(const Report& report, const RunEnd& end,
                         const PastRun& past) {
  MetricFamilies families;
  add_end(families, end);
  add_artifacts(families, report);
  add_objects(families, report);
  add_jobs(families, report);
  add_passes(families, report);
  add_backlog(families, report);
  add_durations(families, report);
  add_past(families, past.text, past.labels);
  return families.text();
}

}  // namespace telemetry
