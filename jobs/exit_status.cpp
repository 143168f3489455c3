#include "jobs/exit_status.hpp"

#include <fmt/format.h>

#include <csignal>

namespace jobs {

using telemetry::Outcome;

std::string unmet_expectations(const Options& options,
                               const telemetry::Report& report) {
  std::string sentences;
  const auto expect = [&](const char* what, std::optional<std::int64_t> wanted,
                          std::optional<std::int64_t> found) {
    if (!wanted || wanted == found)
      return;
    if (!sentences.empty())
      sentences += "; ";
    sentences +=
        fmt::format("--expect-{} {} was not met: it is {}", what, *wanted,
                    found ? std::to_string(*found) : "not known");
  };
  expect("destroyed", options.expect_destroyed, report.destroyed());
  expect("dropped", options.expect_dropped,
         report.pass(telemetry::Pass::builds).dropped.load());
  expect("backlog", options.expect_backlog, report.backlog.total());
  return sentences;
}

ExitStatus exit_status(const Options& options, const telemetry::Report& report,
                       int signal) {
  if (signal != 0)
    return signal == SIGINT ? exit_interrupted : exit_terminated;
  if (!unmet_expectations(options, report).empty())
    return exit_unexpected;
  if (options.command == Command::plan)
    return exit_done;
  if (report.outcome() == Outcome::partial)
    return exit_partial;
  if (report.lease_lost && report.outcome() == Outcome::throttled)
    return exit_left_over;
  if (options.strict && report.outcome() > Outcome::drained)
    return exit_left_over;
  return exit_done;
}

}  // namespace jobs
