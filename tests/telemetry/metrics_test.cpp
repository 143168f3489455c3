#include "telemetry/metrics.hpp"

#include <catch2/catch.hpp>

#include <sstream>

using namespace std::chrono_literals;
using telemetry::Outcome;
using telemetry::Pass;
using telemetry::PastRun;
using telemetry::Report;

namespace {

void fill_metrics(Report& report) {
  report.finished_at = *telemetry::parse_timestamp("2022-10-06T12:30:00Z");
  telemetry::PassReport& unlocked = report.pass(Pass::unlocked);
  unlocked.end(Outcome::throttled);
  unlocked.destroyed = 7;
  unlocked.bytes = 1000;
  unlocked.removed = 6;
  unlocked.absent = 1;
  unlocked.statements.record(2ms, "artifacts.destroy_unlocked");
  unlocked.statements.record(1s, "artifacts.destroy_unlocked");
  report.pass(Pass::legacy).destroyed = 5;
  report.pass(Pass::builds).dropped = 3;
  report.pass(Pass::traces).archived = 2;
  report.pass(Pass::traces).lost = 1;
  report.requests.s3.record("POST", 40ms);
}

void count_backlog(Report& report) {
  report.backlog = {
      .unlocked = 10,
      .unknown = 4,
      .objects = 0,
      .builds = 0,
      .traces = std::nullopt,
      .oldest_expired_at = telemetry::parse_timestamp("2022-10-06T12:00:00Z")};
}

/// The value behind a series; "" if there is none, or more than one.
std::string value_of(const std::string& text, const std::string& series) {
  std::istringstream stream(text);
  std::string found;
  int times = 0;
  for (std::string line; std::getline(stream, line);)
    if (line.starts_with(series + ' ')) {
      found = line.substr(series.size() + 1);
      ++times;
    }
  return times == 1 ? found : "";
}

}  // namespace

TEST_CASE("metrics are what a run counted, in base units", "[unit]") {
  Report report;
  fill_metrics(report);
  count_backlog(report);
  const std::string text =
      telemetry::metrics_text(report, {.exit_status = 0,
                                       .started_at = 1'600'000'000,
                                       .ended_at = 1'600'000'060});
  const std::map<std::string, std::string> expected{
      {R"(ci_janitor_artifacts_destroyed_total{pass="unlocked"})", "7"},
      {R"(ci_janitor_artifacts_destroyed_total{pass="legacy"})", "5"},
      {R"(ci_janitor_artifacts_destroyed_bytes_total{pass="unlocked"})",
       "1000"},
      {"destroyed_pipeline_artifacts_count_total", "12"},
      {"ci_janitor_builds_dropped_total", "3"},
      {"ci_janitor_traces_archived_total", "2"},
      {"ci_janitor_traces_lost_total", "1"},
      {R"(ci_janitor_objects_total{result="removed"})", "6"},
      {R"(ci_janitor_objects_total{result="absent"})", "1"},
      {R"(ci_janitor_backlog{kind="unlocked"})", "10"},
      {R"(ci_janitor_backlog{kind="traces"})", ""},
      {"ci_janitor_unknown_lock_states", "4"},
      {"ci_janitor_oldest_expired_age_seconds", "1800"},
      {"ci_janitor_last_start_timestamp_seconds", "1600000000"},
      {"ci_janitor_last_success_timestamp_seconds", "1600000060"},
      {"ci_janitor_run_seconds", "60"},
      {"ci_janitor_exit_status", "0"},
      {"ci_janitor_throttled", "1"},
      {R"(ci_janitor_outcome{outcome="throttled",pass="all"})", "1"},
      {R"(ci_janitor_outcome{outcome="drained",pass="all"})", "0"},
      {R"(ci_janitor_statement_duration_seconds_bucket{statement="artifacts.destroy_unlocked",le="0.0025"})",
       "1"},
      {R"(ci_janitor_statement_duration_seconds_bucket{statement="artifacts.destroy_unlocked",le="1"})",
       "2"},
      {R"(ci_janitor_s3_request_duration_seconds_count{method="POST"})", "1"}};
  for (const auto& [series, value] : expected) {
    INFO(series);
    CHECK(value_of(text, series) == value);
  }
}

TEST_CASE("counters and histograms go on from run to run", "[unit]") {
  Report report;
  fill_metrics(report);
  std::string text;
  for (int run = 1; run <= 3; ++run)
    text = telemetry::metrics_text(report, {}, {.text = text, .labels = {}});
  CHECK(value_of(text, "destroyed_pipeline_artifacts_count_total") == "36");
  CHECK(value_of(text, R"(ci_janitor_objects_total{result="removed"})") ==
        "18");
  const std::string statement = R"({statement="artifacts.destroy_unlocked")";
  const std::string name = "ci_janitor_statement_duration_seconds";
  CHECK(value_of(text, name + "_count" + statement + "}") == "6");
  CHECK(value_of(text, name + "_bucket" + statement + ",le=\"0.001\"}") == "0");
  CHECK(value_of(text, name + "_bucket" + statement + ",le=\"0.5\"}") == "3");
  CHECK(value_of(text, name + "_bucket" + statement + ",le=\"+Inf\"}") == "6");
  CHECK(std::stod(value_of(text, name + "_sum" + statement + "}")) ==
        Approx(3.006));
}

TEST_CASE("a run that fails keeps what it can't tell", "[unit]") {
  Report first;
  fill_metrics(first);
  count_backlog(first);
  const std::string text = telemetry::metrics_text(
      first, {.exit_status = 0, .started_at = 1, .ended_at = 2});
  const Report failed;
  const std::string later = telemetry::metrics_text(
      failed, {.exit_status = 69, .started_at = 3, .ended_at = 4},
      {.text = text, .labels = {}});
  CHECK(value_of(later, "ci_janitor_last_success_timestamp_seconds") == "2");
  CHECK(value_of(later, "ci_janitor_last_start_timestamp_seconds") == "3");
  CHECK(value_of(later, "ci_janitor_exit_status") == "69");
  CHECK(value_of(later, R"(ci_janitor_backlog{kind="unlocked"})") == "10");
  CHECK(value_of(later, "ci_janitor_oldest_expired_age_seconds") == "1800");
  CHECK(value_of(later, "ci_janitor_throttled") == "0");
  CHECK(value_of(later, "ci_janitor_builds_dropped_total") == "3");
}

TEST_CASE("a count that took too long leaves what was known of it", "[unit]") {
  Report first;
  count_backlog(first);
  first.finished_at = *telemetry::parse_timestamp("2022-10-06T12:30:00Z");
  const std::string text = telemetry::metrics_text(
      first, {.exit_status = 0, .started_at = 1, .ended_at = 2});
  Report later;
  later.backlog.builds = 5;
  const std::string told = telemetry::metrics_text(
      later, {.exit_status = 0, .started_at = 3, .ended_at = 4},
      {.text = text, .labels = {}});
  CHECK(value_of(told, R"(ci_janitor_backlog{kind="unlocked"})") == "10");
  CHECK(value_of(told, R"(ci_janitor_backlog{kind="builds"})") == "5");
  CHECK(value_of(told, "ci_janitor_oldest_expired_age_seconds") == "1800");
}

TEST_CASE("of a gateway's metrics only our own group's count", "[unit]") {
  const PastRun past{
      .text =
          "ci_janitor_builds_dropped_total{instance=\"\",job=\"ci-janitor\","
          "shard=\"1\"} 10\n"
          "ci_janitor_builds_dropped_total{instance=\"\",job=\"ci-janitor\","
          "shard=\"2\"} 200\n"
          "ci_janitor_builds_dropped_total 4000\n"
          "ci_janitor_objects_total{job=\"ci-janitor\",result=\"odd \\\"\\\\\","
          "shard=\"1\"} 5\n",
      .labels = {{"job", "ci-janitor"}, {"shard", "1"}}};
  const std::string text = telemetry::metrics_text(Report{}, {}, past);
  CHECK(value_of(text, "ci_janitor_builds_dropped_total") == "10");
  CHECK(value_of(text, R"(ci_janitor_objects_total{result="odd \"\\"})") ==
        "5");
}

TEST_CASE("what is no metric of ours is left out", "[unit]") {
  const std::string nothing = telemetry::metrics_text(Report{}, {});
  for (const char* const text :
       {"up 1\n", "ci_janitor_builds_dropped_total", "{} {} {}\n\xff\xfe\n",
        "ci_janitor_builds_dropped_total NaN\n",
        "ci_janitor_builds_dropped_total -5\n",
        "ci_janitor_builds_dropped_total{a 5\n",
        "ci_janitor_builds_dropped_total{a=\"b 5\n",
        "ci_janitor_statement_duration_seconds_bucket{le=\"7\"} 5\n",
        "ci_janitor_statement_duration_seconds_bucket{le=\"1\"} 1e300\n",
        "ci_janitor_something_else 5\n"}) {
    INFO(text);
    CHECK(telemetry::metrics_text(Report{}, {}, {.text = text, .labels = {}}) ==
          nothing);
  }
}
