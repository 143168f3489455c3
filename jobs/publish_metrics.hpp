#pragma once

#include <string>

#include "telemetry/metrics.hpp"
#include "telemetry/report.hpp"

namespace jobs {

/// Send the metrics of a run to a Prometheus Pushgateway, under the job
/// "ci-janitor" and \a shard: each share has metrics of its own.  They go on
/// from what it has of the last run, and what this run could not tell stays
/// there.  Takes 15 seconds at most.
///
/// \param url http[s]://HOST[:PORT][/PATH]; where that ends with
///        /metrics/job/NAME, as a gateway writes a group, that is the job
/// \throws stores::HttpFailure, std::runtime_error
void push_metrics(const std::string& url, const std::string& shard,
                  const telemetry::Report& report,
                  const telemetry::RunEnd& end);

/// Write them into a file that the textfile collector of Prometheus's node
/// exporter reads, going on from what stands in it.
///
/// \throws stores::StoreError
void write_metrics(const std::string& path, const telemetry::Report& report,
                   const telemetry::RunEnd& end);

}  // namespace jobs
