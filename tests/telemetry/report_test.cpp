#include "telemetry/report.hpp"
#include "tests/support/captured_log.hpp"

#include <spdlog/spdlog.h>
#include <catch2/catch.hpp>

#include <thread>

using namespace telemetry;
using tests::CapturedLog;

namespace {

Problem problem_of(std::int64_t id, Pass pass = Pass::unlocked,
                   const std::string& table = "ci_pipeline_artifacts") {
  return {.pass = pass, .table = table, .id = id, .reason = "no reason"};
}

}  // namespace

TEST_CASE("passes and outcomes have the names of the contract", "[unit]") {
  CHECK(name_of(Pass::unlocked) == "unlocked");
  CHECK(name_of(Pass::legacy) == "legacy");
  CHECK(name_of(Pass::objects) == "objects");
  CHECK(name_of(Outcome::skipped) == "skipped");
  CHECK(name_of(Outcome::unsupported) == "unsupported");
  CHECK(name_of(Outcome::drained) == "drained");
  CHECK(name_of(Outcome::budget_exhausted) == "budget_exhausted");
  CHECK(name_of(Outcome::throttled) == "throttled");
  CHECK(name_of(Outcome::partial) == "partial");
  CHECK(name_of(Outcome::interrupted) == "interrupted");
}

TEST_CASE("a pass keeps its worst outcome and the first reason for it",
          "[unit]") {
  PassReport pass;
  pass.end(Outcome::drained);
  CHECK(pass.outcome == Outcome::drained);
  pass.end(Outcome::throttled, "rows are held");
  pass.end(Outcome::budget_exhausted, "no time left");
  pass.end(Outcome::throttled, "more rows are held");
  CHECK(pass.outcome == Outcome::throttled);
  CHECK(pass.reason == "rows are held");
  pass.end(Outcome::interrupted);
  CHECK(pass.outcome == Outcome::interrupted);
  CHECK(pass.reason.empty());
  pass.end(Outcome::interrupted, "SIGTERM");
  CHECK(pass.reason == "SIGTERM");
}

TEST_CASE("a run is as good as the worst of its passes", "[unit]") {
  Report report;
  CHECK(report.outcome() == Outcome::skipped);
  report.pass(Pass::legacy).end(Outcome::unsupported);
  CHECK(report.outcome() == Outcome::unsupported);
  report.pass(Pass::unlocked).end(Outcome::drained);
  CHECK(report.outcome() == Outcome::drained);
  report.pass(Pass::objects).end(Outcome::budget_exhausted);
  CHECK(report.outcome() == Outcome::budget_exhausted);
  report.pass(Pass::unlocked).end(Outcome::interrupted);
  CHECK(report.outcome() == Outcome::interrupted);
}

TEST_CASE("the counters of all passes are added up", "[unit]") {
  Report report;
  report.pass(Pass::unlocked).destroyed = 3;
  report.pass(Pass::legacy).destroyed = 4;
  report.pass(Pass::unlocked).removed = 2;
  report.pass(Pass::objects).removed = 5;
  report.pass(Pass::legacy).absent = 1;
  CHECK(report.destroyed() == 7);
  CHECK(report.removed() == 7);
  CHECK(report.absent() == 1);
}

TEST_CASE("a problem is listed, counted in its pass and table, and logged",
          "[unit]") {
  const CapturedLog log;
  Report report;
  report.problem({.pass = Pass::legacy,
                  .table = "ci_pipeline_artifacts",
                  .id = 17,
                  .reason = "the file is called '\x1b[2J\n'"});

  REQUIRE(report.problems().size() == 1);
  CHECK(report.problems()[0].reason == "the file is called '\x1b[2J\n'");
  CHECK(report.problems_total() == 1);
  CHECK(report.pass(Pass::legacy).failed == 1);
  CHECK(report.problems_in("ci_pipeline_artifacts", Pass::legacy) == 1);
  CHECK(report.problems_in("ci_pipeline_artifacts", Pass::unlocked) == 0);
  CHECK(report.problems_in("ci_deleted_objects", Pass::legacy) == 0);
  CHECK(log.text() ==
        "warning: ci_pipeline_artifacts 17 is left as it is: the file is called"
        " '\\x1b[2J\\n'\n");
}

TEST_CASE("a row that two passes meet is one problem", "[unit]") {
  const CapturedLog log;
  Report report;
  report.problem(problem_of(1, Pass::unlocked, "ci_deleted_objects"));
  report.problem(problem_of(1, Pass::objects, "ci_deleted_objects"));
  report.problem(problem_of(1, Pass::objects, "ci_pipeline_artifacts"));
  report.problem(problem_of(2, Pass::objects, "ci_deleted_objects"));

  CHECK(report.problems_total() == 3);
  CHECK(report.pass(Pass::unlocked).failed == 1);
  CHECK(report.pass(Pass::objects).failed == 2);
  CHECK(log.lines().size() == 3);
}

TEST_CASE("a thousand problems are listed and all are counted once", "[unit]") {
  const CapturedLog log;
  Report report;
  for (int round = 0; round < 2; ++round)
    for (std::int64_t id = 1; id <= 1500; ++id)
      report.problem(problem_of(id));

  CHECK(report.problems().size() == 1000);
  CHECK(report.problems_total() == 1500);
  CHECK(report.pass(Pass::unlocked).failed == 1500);
  CHECK(report.problems_in("ci_pipeline_artifacts", Pass::unlocked) == 1500);
  CHECK(log.lines().size() == 1001);
}

TEST_CASE("problems make their pass partial when there are more than tolerated",
          "[unit]") {
  const CapturedLog log;
  Report report;
  for (const Pass pass : all_passes)
    report.pass(pass).end(Outcome::drained);
  report.problem(problem_of(1, Pass::unlocked));
  report.problem(problem_of(2, Pass::legacy));

  report.settle(2);
  CHECK(report.outcome() == Outcome::drained);

  report.settle(1);
  CHECK(report.pass(Pass::unlocked).outcome == Outcome::partial);
  CHECK(report.pass(Pass::unlocked).reason == "2 problems, and 1 tolerated");
  CHECK(report.pass(Pass::legacy).outcome == Outcome::partial);
  CHECK(report.pass(Pass::objects).outcome == Outcome::drained);
}

TEST_CASE("a pass that was interrupted stays so, whatever its problems",
          "[unit]") {
  const CapturedLog log;
  Report report;
  report.pass(Pass::unlocked).end(Outcome::interrupted, "SIGTERM");
  report.problem(problem_of(1));
  report.settle(0);
  CHECK(report.pass(Pass::unlocked).outcome == Outcome::interrupted);
  CHECK(report.pass(Pass::unlocked).reason == "SIGTERM");
}

TEST_CASE("no problem is lost or counted twice between threads", "[unit]") {
  const CapturedLog log;
  Report report;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread)
    threads.emplace_back([&report] {
      for (std::int64_t id = 1; id <= 300; ++id)
        report.problem(problem_of(id));
    });
  for (std::thread& thread : threads)
    thread.join();
  CHECK(report.problems_total() == 300);
  CHECK(report.pass(Pass::unlocked).failed == 300);
}

TEST_CASE("the backlog has a sum only where every count is known", "[unit]") {
  Backlog backlog;
  CHECK(backlog.total() == std::nullopt);
  backlog.unlocked = 1;
  backlog.unknown = 2;
  CHECK(backlog.total() == std::nullopt);
  backlog.objects = 3;
  CHECK(backlog.total() == std::nullopt);
  backlog.builds = 4;
  backlog.traces = 5;
  CHECK(backlog.total() == 15);
}
