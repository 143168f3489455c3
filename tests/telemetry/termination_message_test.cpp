#include "telemetry/termination_message.hpp"

#include <spdlog/sinks/null_sink.h>
#include <spdlog/spdlog.h>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using telemetry::Pass;
using telemetry::Report;

namespace {

void begin_report(Report& report) {
  report.command = "run";
  report.run_id = "0123abcd";
  report.finished_at = *telemetry::parse_timestamp("2022-10-06T12:30:04Z");
}

/// Each of the problems and of the 200 groups with a \a reason.
void fill_with(Report& report, const std::string& reason,
               std::int64_t problems) {
  const auto logger = spdlog::default_logger();
  spdlog::set_default_logger(std::make_shared<spdlog::logger>(
      "quiet", std::make_shared<spdlog::sinks::null_sink_mt>()));
  for (std::int64_t id = 1; id <= problems; ++id)
    report.problem({Pass::unlocked, "ci_pipeline_artifacts", id, reason});
  spdlog::set_default_logger(logger);
  for (std::int64_t id = 1; id <= 200; ++id)
    report.waiting({{id, id, reason}});
  for (const Pass pass : telemetry::all_passes)
    report.pass(pass).end(telemetry::Outcome::partial, reason);
}

}  // namespace

TEST_CASE("a termination message is the summary on one line", "[unit]") {
  Report report;
  begin_report(report);
  report.pass(Pass::legacy).destroyed = 25;
  const std::string line = telemetry::termination_message(report, 4, "");
  CHECK(line.find('\n') == line.size() - 1);
  const auto document = nlohmann::json::parse(line);
  CHECK(document["exit_status"] == 4);
  CHECK(document["run_id"] == "0123abcd");
  CHECK(document["passes"]["legacy"]["destroyed"] == 25);
  CHECK_FALSE(document.contains("error"));
}

TEST_CASE("a termination message of what never began says who and why",
          "[unit]") {
  const Report report;
  const auto document = nlohmann::json::parse(
      telemetry::termination_message(report, 2, "no\xff option"));
  CHECK(document["exit_status"] == 2);
  CHECK(document["error"] == "no\xef\xbf\xbd option");
  CHECK_FALSE(document.contains("passes"));
}

TEST_CASE("a termination message fits whatever there is to say", "[unit]") {
  // More than a report lists, or than a message could.
  const std::vector<std::pair<std::string, std::int64_t>> reasons{
      {"its path is unsafe", 2000},
      {std::string(10'000, 'x'), 80},
      {std::string(3000, '\x01'), 80},
      {std::string(3000, '\xff'), 80},
      {std::string(3000, '"'), 80}};
  for (const auto& [reason, problems] : reasons) {
    Report report;
    begin_report(report);
    fill_with(report, reason, problems);
    const std::string line =
        telemetry::termination_message(report, 3, reason + reason);
    CHECK(line.size() <= 4096);
    CHECK(line.size() > 2000);
    CHECK(line.find('\n') == line.size() - 1);
    const auto document = nlohmann::json::parse(line);
    CHECK(document["exit_status"] == 3);
    CHECK(document["problems_total"] == problems);
    CHECK(document["passes"]["traces"]["outcome"] == "partial");
  }
}
