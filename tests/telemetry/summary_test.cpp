#include "telemetry/summary.hpp"

#include <spdlog/sinks/null_sink.h>
#include <spdlog/spdlog.h>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <memory>
#include <sstream>

using namespace telemetry;
using namespace std::chrono_literals;
using Json = nlohmann::ordered_json;

namespace {

/// A report with nothing in it that is the same twice.
void fill(Report& report) {
  report.command = "run";
  report.run_id = "run-1";
  report.started_at = *parse_timestamp("2022-10-06T12:30:00Z");
  report.finished_at = *parse_timestamp("2022-10-06T12:30:04.5Z");
  report.horizon = *parse_timestamp("2022-10-06T12:29:59Z");
  report.seconds = 4.50049;

  PassReport& unlocked = report.pass(Pass::unlocked);
  unlocked.end(Outcome::drained);
  unlocked.destroyed = 17'975;
  unlocked.bytes = std::int64_t{702} << 20;
  unlocked.batches = 18;
  unlocked.skipped = 2;
  unlocked.removed = 17'900;
  unlocked.absent = 75;
  unlocked.seconds = 3.2;
  unlocked.statements.record(2ms);

  PassReport& legacy = report.pass(Pass::legacy);
  legacy.end(Outcome::budget_exhausted, "the time limit was reached");
  legacy.scanned = 16'000;
  legacy.destroyed = 25;
  legacy.resolved = 12;
  legacy.contradictions = 1;
  legacy.bytes = 3 << 20;
  legacy.windows = 8;
  legacy.seconds = 1.1;
  legacy.removed = 25;

  PassReport& objects = report.pass(Pass::objects);
  objects.end(Outcome::drained);
  objects.removed = 5;
  objects.absent = 1;
  objects.seconds = 0.1;

  PassReport& builds = report.pass(Pass::builds);
  builds.outcome = Outcome::drained;
  builds.dropped = 1200;
  builds.pipelines = 40;
  builds.users = 1;
  builds.schedules = 2;
  builds.seconds = 0.5;
  report.waiting({{3, 7, "production"}, {3, 7, "production"}});

  report.backlog = {
      .unlocked = 0,
      .unknown = 5,
      .objects = 0,
      .builds = 0,
      .traces = 0,
      .oldest_expired_at = parse_timestamp("2021-01-01T00:00:00Z")};
}

std::vector<std::string> keys_of(const Json& object) {
  std::vector<std::string> keys;
  for (const auto& [name, value] : object.items())
    keys.push_back(name);
  return keys;
}

/// Adding a problem logs a warning; here nobody wants to read it.
class QuietLog {
 public:
  QuietLog() : before_(spdlog::default_logger()) {
    spdlog::set_default_logger(std::make_shared<spdlog::logger>(
        "quiet", std::make_shared<spdlog::sinks::null_sink_mt>()));
  }
  ~QuietLog() { spdlog::set_default_logger(before_); }
  QuietLog(const QuietLog&) = delete;
  QuietLog& operator=(const QuietLog&) = delete;

 private:
  std::shared_ptr<spdlog::logger> before_;
};

using Keys = std::vector<std::string>;

}  // namespace

TEST_CASE("the JSON summary has the fields of the contract in their order",
          "[unit]") {
  Report report;
  fill(report);
  report.pass(Pass::legacy).reason.clear();
  const Json summary = summary_json(report);

  CHECK(keys_of(summary) == Keys{"program", "version", "command", "run_id",
                                 "outcome", "started_at", "finished_at",
                                 "seconds", "horizon", "passes", "backlog",
                                 "problems", "problems_total"});
  CHECK(keys_of(summary["passes"]) ==
        Keys{"unlocked", "legacy", "objects", "builds", "traces"});
  CHECK(keys_of(summary["passes"]["unlocked"]) ==
        Keys{"outcome", "destroyed", "bytes", "batches", "skipped", "kept",
             "failed", "refused", "seconds", "p99_statement_ms",
             "slowest_statement_ms"});
  CHECK(keys_of(summary["passes"]["legacy"]) ==
        Keys{"outcome", "scanned", "destroyed", "resolved", "contradictions",
             "bytes", "windows", "skipped", "failed", "refused", "seconds",
             "p99_statement_ms", "slowest_statement_ms"});
  CHECK(keys_of(summary["passes"]["objects"]) ==
        Keys{"outcome", "removed", "absent", "failed", "seconds"});
  CHECK(keys_of(summary["passes"]["builds"]) ==
        Keys{"outcome", "users", "schedules", "pipelines", "dropped",
             "conflicts", "failed", "refused", "seconds", "p99_statement_ms",
             "slowest_statement_ms", "waiting_resource_groups"});
  CHECK(keys_of(summary["passes"]["traces"]) ==
        Keys{"outcome", "archived", "empty", "partial", "lost", "chunks",
             "bytes", "skipped", "failed", "seconds", "p99_statement_ms",
             "slowest_statement_ms"});
  CHECK(keys_of(summary["backlog"]) == Keys{"unlocked", "unknown", "objects",
                                            "builds", "traces",
                                            "oldest_expired_at"});
}

TEST_CASE("the JSON summary says what the passes did", "[unit]") {
  Report report;
  fill(report);
  const Json summary = summary_json(report);

  CHECK(summary["program"] == "ci-janitor");
  CHECK(summary["version"] == CI_JANITOR_VERSION);
  CHECK(summary["command"] == "run");
  CHECK(summary["run_id"] == "run-1");
  CHECK(summary["outcome"] == "budget_exhausted");
  CHECK(summary["started_at"] == "2022-10-06T12:30:00Z");
  CHECK(summary["finished_at"] == "2022-10-06T12:30:04.5Z");
  CHECK(summary["horizon"] == "2022-10-06T12:29:59Z");
  CHECK(summary["seconds"] == 4.5);

  const Json& unlocked = summary["passes"]["unlocked"];
  CHECK(unlocked["outcome"] == "drained");
  CHECK(unlocked["destroyed"] == 17'975);
  CHECK(unlocked["bytes"] == 702 << 20);
  CHECK(unlocked["batches"] == 18);
  CHECK(unlocked["skipped"] == 2);
  CHECK(unlocked["p99_statement_ms"] == 2.0);
  CHECK(unlocked["slowest_statement_ms"] == 2.0);

  const Json& legacy = summary["passes"]["legacy"];
  CHECK(legacy["outcome"] == "budget_exhausted");
  CHECK(legacy["reason"] == "the time limit was reached");
  CHECK(legacy["scanned"] == 16'000);
  CHECK(legacy["destroyed"] == 25);
  CHECK(legacy["resolved"] == 12);
  CHECK(legacy["contradictions"] == 1);
  CHECK(legacy["windows"] == 8);

  CHECK(summary["backlog"]["unlocked"] == 0);
  CHECK(summary["backlog"]["unknown"] == 5);
  CHECK(summary["backlog"]["oldest_expired_at"] == "2021-01-01T00:00:00Z");
  CHECK(summary["problems"] == Json::array());
  CHECK(summary["problems_total"] == 0);
}

TEST_CASE("objects are counted there whichever pass removed them", "[unit]") {
  Report report;
  fill(report);
  const Json objects = summary_json(report)["passes"]["objects"];
  CHECK(objects["removed"] == 17'930);
  CHECK(objects["absent"] == 76);
}

TEST_CASE("what is not known of the backlog is null, a bound is named",
          "[unit]") {
  Report report;
  Json backlog = summary_json(report)["backlog"];
  CHECK(backlog["unlocked"].is_null());
  CHECK(backlog["unknown"].is_null());
  CHECK(backlog["objects"].is_null());
  CHECK(backlog["oldest_expired_at"].is_null());
  CHECK_FALSE(backlog.contains("backlog_is_lower_bound"));

  report.backlog.is_lower_bound = true;
  backlog = summary_json(report)["backlog"];
  CHECK(backlog["backlog_is_lower_bound"] == true);
}

TEST_CASE("a problem with bytes that are not UTF-8 can be dumped", "[unit]") {
  const QuietLog quiet;
  Report report;
  report.run_id = "\xc3";
  report.pass(Pass::legacy).end(Outcome::partial, "\xff");
  report.problem({.pass = Pass::unlocked,
                  .table = "ci_pipeline_artifacts",
                  .id = 17,
                  .reason = "file 'a\xff\n'"});
  const Json summary = summary_json(report);
  CHECK_NOTHROW(summary.dump(2));

  const Json problem = summary["problems"][0];
  CHECK(keys_of(problem) == Keys{"pass", "table", "id", "reason"});
  CHECK(problem["pass"] == "unlocked");
  CHECK(problem["table"] == "ci_pipeline_artifacts");
  CHECK(problem["id"] == 17);
  CHECK(problem["reason"] == "file 'a\xef\xbf\xbd\n'");
  CHECK(summary["problems_total"] == 1);
}

TEST_CASE("the summary for people is aligned and fits a terminal", "[unit]") {
  Report report;
  fill(report);
  CHECK(
      summary_text(report) ==
      R"(ci-janitor run: budget_exhausted in 4.5 s, horizon 2022-10-06T12:29:59Z

pass      outcome            destroyed        MiB   held failed  seconds  p99 ms
unlocked  drained               17,975      702.0      2      0      3.2     2.0
legacy    budget_exhausted          25        3.0      0      0      1.1     0.0
          the time limit was reached
          16,000 rows looked at in 8 windows
          12 lock states written down, 1 contradiction
objects   drained                    -          -      -      0      0.1       -
          by all passes: 17,930 objects removed, 76 absent
builds    drained                    -          -      0      0      0.5     0.0
          1,200 jobs dropped in 40 pipelines of 1 user
          0 conflicts, 2 schedules turned off
          jobs wait in resource group 'production' of project 7; on GitLab:
          gitlab-rails runner 'Ci::ResourceGroups::AssignResourceFromResourceGroupWorker.perform_async(3)'
traces    skipped                    -          -      -      -        -       -

left: 0 unlocked, 5 of unknown state, 0 objects
      the oldest expired at 2021-01-01T00:00:00Z
)");
}

TEST_CASE(
    "no line of the summary for people is over 80 columns, even with a"
    " hundred million rows",
    "[unit]") {
  Report report;
  fill(report);
  PassReport& pass = report.pass(Pass::unlocked);
  pass.destroyed = 100'000'000;
  pass.bytes = 1'000'000'000'000;
  pass.skipped = 99'999;
  pass.failed = 9'999;
  pass.seconds = 99'999.9;
  std::istringstream lines(summary_text(report));
  for (std::string line; std::getline(lines, line);)
    // A command is to be copied whole.
    CHECK((line.size() <= 80 || line.find("gitlab-rails") != line.npos));
}

TEST_CASE("people read that nothing is left, or what could not be counted",
          "[unit]") {
  Report report;
  report.backlog = {.unlocked = 0,
                    .unknown = 0,
                    .objects = 0,
                    .builds = 0,
                    .traces = 0,
                    .oldest_expired_at = std::nullopt};
  CHECK(summary_text(report).ends_with("\nnothing left\n"));

  report.backlog = {.unlocked = 10'000,
                    .unknown = std::nullopt,
                    .objects = 7,
                    .builds = 0,
                    .traces = 0,
                    .oldest_expired_at = std::nullopt,
                    .is_lower_bound = true};
  CHECK(summary_text(report).ends_with(
      "left: at least 10,000 unlocked, of unknown state not counted in a"
      " second, 7 objects\n"));
}

TEST_CASE("people read ten problems, escaped, and how many more there are",
          "[unit]") {
  const QuietLog quiet;
  Report report;
  for (std::int64_t id = 1; id <= 12; ++id)
    report.problem({.pass = Pass::objects,
                    .table = "ci_deleted_objects",
                    .id = id,
                    .reason = "is called '\x1b[2J\n'"});
  const std::string text = summary_text(report);
  CHECK(text.find("\n12 problems:\n  objects pass, ci_deleted_objects 1: is"
                  " called '\\x1b[2J\\n'\n") != std::string::npos);
  CHECK(text.find("ci_deleted_objects 10:") != std::string::npos);
  CHECK(text.find("ci_deleted_objects 11:") == std::string::npos);
  CHECK(text.ends_with("  and 2 more\n"));
  CHECK(text.find('\x1b') == std::string::npos);
}

TEST_CASE("what a pass has kept is told, if it has", "[unit]") {
  Report report;
  fill(report);
  const std::string said =
      "          the oldest 200 wait for VACUUM, so that GitLab finds them "
      "first\n";
  CHECK(summary_text(report).find(said) == std::string::npos);
  report.pass(Pass::unlocked).kept = 200;
  CHECK(summary_text(report).find(said) != std::string::npos);
  CHECK(summary_json(report)["passes"]["unlocked"]["kept"] == 200);
}

TEST_CASE("a pass that nobody asked for has no figures", "[unit]") {
  Report report;
  report.pass(Pass::objects).end(Outcome::drained);
  CHECK(summary_text(report).find("legacy    skipped                    -") !=
        std::string::npos);
}
