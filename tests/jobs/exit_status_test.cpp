#include "jobs/exit_status.hpp"

#include <catch2/catch.hpp>

#include <csignal>

using jobs::Options;
using telemetry::Outcome;
using telemetry::Pass;
using telemetry::Report;

namespace {

/// A run that destroyed 7 and left 3 over, and ended as \a outcome.
struct Run {
  explicit Run(Outcome outcome) {
    report.pass(Pass::unlocked).end(outcome);
    report.pass(Pass::unlocked).destroyed = 5;
    report.pass(Pass::legacy).destroyed = 2;
    report.backlog.unlocked = 2;
    report.backlog.unknown = 0;
    report.backlog.objects = 1;
    report.backlog.builds = 0;
    report.backlog.traces = 0;
  }
  [[nodiscard]] int status(int signal = 0) const {
    return jobs::exit_status(options, report, signal);
  }

  Options options;
  Report report;
};

}  // namespace

TEST_CASE("a run that drained or used its budget up is a success", "[unit]") {
  for (const Outcome outcome :
       {Outcome::skipped, Outcome::unsupported, Outcome::drained,
        Outcome::budget_exhausted, Outcome::throttled})
    CHECK(Run(outcome).status() == 0);
}

TEST_CASE("problems make a run partial", "[unit]") {
  CHECK(Run(Outcome::partial).status() == 3);
}

TEST_CASE("a strict run fails when work is left over", "[unit]") {
  const auto strict = [](Outcome outcome) {
    Run run(outcome);
    run.options.strict = true;
    return run.status();
  };
  CHECK(strict(Outcome::drained) == 0);
  CHECK(strict(Outcome::unsupported) == 0);
  CHECK(strict(Outcome::budget_exhausted) == 75);
  CHECK(strict(Outcome::throttled) == 75);
  CHECK(strict(Outcome::partial) == 3);
}

TEST_CASE("a run that loses its exclusive lease half way ends with 75",
          "[unit]") {
  const auto lost = [](Outcome outcome) {
    Run run(outcome);
    run.report.lease_lost = true;
    return run.status();
  };
  CHECK(lost(Outcome::throttled) == 75);
  CHECK(lost(Outcome::drained) == 0);
  CHECK(lost(Outcome::partial) == 3);
}

TEST_CASE("an expectation that was met changes nothing", "[unit]") {
  Run run(Outcome::drained);
  run.options.expect_destroyed = 7;
  run.options.expect_backlog = 3;
  CHECK(run.status() == 0);
  CHECK(unmet_expectations(run.options, run.report).empty());
}

TEST_CASE("an expectation that was not met is told and is status 4", "[unit]") {
  Run run(Outcome::drained);
  run.options.expect_destroyed = 8;
  CHECK(run.status() == 4);
  CHECK(unmet_expectations(run.options, run.report) ==
        "--expect-destroyed 8 was not met: it is 7");

  run.options.expect_backlog = 0;
  CHECK(unmet_expectations(run.options, run.report) ==
        "--expect-destroyed 8 was not met: it is 7; "
        "--expect-backlog 0 was not met: it is 3");

  run.options.expect_destroyed = 7;
  CHECK(run.status() == 4);
}

TEST_CASE("a backlog that is not known meets no expectation", "[unit]") {
  Run run(Outcome::drained);
  run.options.expect_backlog = 2;
  run.report.backlog.objects.reset();
  CHECK(run.status() == 4);
  CHECK(unmet_expectations(run.options, run.report) ==
        "--expect-backlog 2 was not met: it is not known");
}

TEST_CASE("the first that applies of signal, 4, 3 and 75 is the status",
          "[unit]") {
  Run run(Outcome::partial);
  run.options.strict = true;
  run.options.expect_destroyed = 8;
  CHECK(run.status(SIGTERM) == 143);
  CHECK(run.status(SIGINT) == 130);
  CHECK(run.status() == 4);
  run.options.expect_destroyed = 7;
  CHECK(run.status() == 3);
}

TEST_CASE("a plan is a success whatever it found", "[unit]") {
  for (const Outcome outcome :
       {Outcome::drained, Outcome::budget_exhausted, Outcome::partial}) {
    Run run(outcome);
    run.options.command = jobs::Command::plan;
    run.options.strict = true;
    CHECK(run.status() == 0);
    CHECK(run.status(SIGTERM) == 143);
  }
}
