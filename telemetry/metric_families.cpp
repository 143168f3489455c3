#include "telemetry/metric_families.hpp"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <iterator>
#include <limits>

namespace telemetry {
namespace {

constexpr auto counter = prometheus::MetricType::Counter;
constexpr auto gauge_type = prometheus::MetricType::Gauge;
constexpr auto histogram = prometheus::MetricType::Histogram;

constexpr MetricKind kinds[] = {
    {"ci_janitor_artifacts_destroyed_total", counter,
     "Pipeline artifacts destroyed, rows and all that follows."},
    {"ci_janitor_artifacts_destroyed_bytes_total", counter,
     "Bytes of the pipeline artifacts destroyed."},
    {"destroyed_pipeline_artifacts_count_total", counter,
     "Counter of destroyed expired pipeline artifacts"},
    {"ci_janitor_lock_states_resolved_total", counter,
     "Unknown lock states of artifacts written down."},
    {"ci_janitor_rows_skipped_total", counter,
     "Rows left to a later run because other sessions held them."},
    {"ci_janitor_builds_dropped_total", counter,
     "Jobs of blocked users dropped, of every type."},
    {"ci_janitor_pipelines_dropped_total", counter,
     "Pipelines in which a job was dropped."},
    {"ci_janitor_traces_archived_total", counter,
     "Live traces archived byte for byte."},
    {"ci_janitor_traces_partial_total", counter,
     "Live traces archived with gaps."},
    {"ci_janitor_traces_lost_total", counter,
     "Live traces of which nothing is left."},
    {"ci_janitor_objects_total", counter,
     "Objects of artifacts, by what became of them: removed, absent (was not "
     "there), failed (stays in the queue)."},
    {"ci_janitor_problems_total", counter,
     "Problems named; a row counts once a run, as long as it stands."},
    {"ci_janitor_problems", gauge_type, "Problems of the last run, by pass."},
    {"ci_janitor_backlog", gauge_type,
     "What was left at the end of the last run that counted it; exact up to "
     "10000."},
    {"ci_janitor_oldest_expired_age_seconds", gauge_type,
     "How long ago the oldest artifact left had expired; 0 if none is left."},
    {"ci_janitor_unknown_lock_states", gauge_type,
     "Expired artifacts left that do not know their lock state."},
    {"ci_janitor_last_start_timestamp_seconds", gauge_type,
     "When the last run began."},
    {"ci_janitor_last_success_timestamp_seconds", gauge_type,
     "When the last run with exit status 0 ended."},
    {"ci_janitor_exit_status", gauge_type, "Exit status of the last run."},
    {"ci_janitor_outcome", gauge_type,
     "1 for how a pass of the last run ended, 0 for how it did not; the pass "
     "all is the run as a whole."},
    {"ci_janitor_throttled", gauge_type,
     "1 if other sessions held what a pass of the last run left."},
    {"ci_janitor_run_seconds", gauge_type, "How long the last run took."},
    {"ci_janitor_pass_seconds", gauge_type,
     "How long a pass of the last run took."},
    {"ci_janitor_statement_duration_seconds", histogram,
     "Statements of the database, COMMIT included, by name."},
    {"ci_janitor_s3_request_duration_seconds", histogram,
     "Requests to object storage, by method."},
    {"ci_janitor_redis_request_duration_seconds", histogram,
     "Flushes of commands to Redis."},
};

const MetricKind& kind_of(std::string_view name) {
  return *std::ranges::find(kinds, name, &MetricKind::name);
}

std::vector<prometheus::ClientMetric::Label> as_prometheus(
    const MetricFamilies::Labels& labels) {
  std::vector<prometheus::ClientMetric::Label> all;
  for (const auto& [label, value] : labels)
    all.push_back({label, value});
  return all;
}

std::vector<prometheus::ClientMetric::Bucket> empty_buckets() {
  std::vector<prometheus::ClientMetric::Bucket> buckets;
  for (const double bound : Durations::bounds)
    buckets.push_back({0, bound});
  buckets.push_back({0, std::numeric_limits<double>::infinity()});
  return buckets;
}

}  // namespace

std::span<const MetricKind> metric_kinds() {
  return kinds;
}

prometheus::ClientMetric& MetricFamilies::metric(std::string_view name,
                                                 const Labels& labels) {
  auto family =
      std::ranges::find(families_, name, &prometheus::MetricFamily::name);
  if (family == families_.end()) {
    const MetricKind& kind = kind_of(name);
    families_.push_back(
        {std::string(name), std::string(kind.help), kind.type, {}});
    family = std::prev(families_.end());
  }
  auto wanted = as_prometheus(labels);
  const auto found = std::ranges::find(family->metric, wanted,
                                       &prometheus::ClientMetric::label);
  if (found != family->metric.end())
    return *found;
  family->metric.emplace_back().label = std::move(wanted);
  return family->metric.back();
}

void MetricFamilies::gauge(std::string_view name, double value,
                           const Labels& labels) {
  metric(name, labels).gauge.value = value;
}

void MetricFamilies::count(std::string_view name, double value,
                           const Labels& labels) {
  metric(name, labels).counter.value += value;
}

void MetricFamilies::durations(std::string_view name,
                               const Durations::Kind& kind,
                               const Labels& labels) {
  auto& target = metric(name, labels).histogram;
  if (target.bucket.empty())
    target.bucket = empty_buckets();
  std::uint64_t within = 0;
  for (std::size_t i = 0; i < kind.counts.size(); ++i) {
    within += static_cast<std::uint64_t>(kind.counts[i]);
    target.bucket[i].cumulative_count += within;
  }
  target.sample_count += within;
  target.sample_sum += kind.seconds;
}

bool MetricFamilies::has(std::string_view name, const Labels& labels) const {
  const auto family =
      std::ranges::find(families_, name, &prometheus::MetricFamily::name);
  return family != families_.end() &&
         std::ranges::find(family->metric, as_prometheus(labels),
                           &prometheus::ClientMetric::label) !=
             family->metric.end();
}

std::string MetricFamilies::text() const {
  return prometheus::TextSerializer().Serialize(families_);
}

}  // namespace telemetry
