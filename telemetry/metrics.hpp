#pragma once

#include <map>
#include <string>

#include "telemetry/report.hpp"

namespace telemetry {

/// How a run ended; moments in seconds since 1970, by this machine's clock, as
/// Prometheus compares them with its own.
struct RunEnd {
  int exit_status = 0;
  double started_at = 0;
  double ended_at = 0;
};

/// What was told of the last run, if anything.
struct PastRun {
  std::string text;  ///< as metrics_text() wrote it, perhaps among others
  /// Labels that a gateway has put on ours; others' metrics lack them.
  std::map<std::string, std::string> labels;
};

/// The metrics of a run in Prometheus's text format; docs of each are its help
/// text.
///
/// Counters and histograms go on from \a past, so that rate() and increase()
/// mean over runs what they mean elsewhere within one.  So does a gauge that
/// this run could not tell: the last success of a run that failed, the backlog
/// of one that could not count.
///
/// What of \a past is no metric of ours, or makes no sense, is left out.
std::string metrics_text(const Report& report, const RunEnd& end,
                         const PastRun& past = {});

}  // namespace telemetry
