#pragma once

#include <string>

#include "jobs/options.hpp"
#include "telemetry/report.hpp"

namespace jobs {

/// What the process tells Kubernetes and shells; README.md has the table.
enum ExitStatus : int {
  exit_done = 0,
  exit_usage = 2,
  exit_partial = 3,
  exit_unexpected = 4,
  exit_unreachable = 69,
  exit_left_over = 75,
  exit_unfit = 78,
  exit_interrupted = 130,  ///< SIGINT
  exit_terminated = 143    ///< SIGTERM
};

/// Sentences about the --expect options that were not met; empty if all were.
std::string unmet_expectations(const Options& options,
                               const telemetry::Report& report);

/// The status of a run that came to its end: the first that applies of 143 or
/// 130, 4, 3, 75, 0.  A plan is 0, or 4, whatever it found.
///
/// \param signal SIGTERM or SIGINT if that came, else 0
ExitStatus exit_status(const Options& options, const telemetry::Report& report,
                       int signal);

}  // namespace jobs
