#pragma once

#include "jobs/context.hpp"
#include "jobs/options.hpp"
#include "telemetry/report.hpp"

namespace jobs {

/// Standard output carries the result only: the summary as text or JSON.  Where
/// --output jsonl has put lines there, the summary goes to standard error.  One
/// that can't be written is logged as an error and nothing more.
void print_summary(const Options& options, const telemetry::Report& report);

/// What prints a line for each artifact with --output jsonl; nothing otherwise.
Listing listing_for(const Options& options);

}  // namespace jobs
