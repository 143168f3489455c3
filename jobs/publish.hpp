#pragma once

#include <optional>
#include <string>

#include "jobs/options.hpp"
#include "telemetry/metrics.hpp"
#include "telemetry/report.hpp"

namespace jobs {

/// Tell those outside how it ended, as far as the options name them: the
/// termination log, the report page, the metrics.  What can't be written or
/// sent is logged, and changes nothing: what was done is done.
///
/// \param error what was complained of at the end; "" for nothing
void publish(const Options& options, const telemetry::Report& report,
             const telemetry::RunEnd& end, const std::string& error);

/// Where --termination-log or its variable say to, in a command line that as a
/// whole makes no sense: somebody should be told of that too.
std::optional<std::string> termination_log_of(int argc,
                                              const char* const argv[],
                                              const char* const environment[]);

}  // namespace jobs
