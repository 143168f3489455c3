#pragma once

#include "jobs/context.hpp"

namespace jobs {

/// Archive the live traces of dropped builds (--stale-traces: of every build
/// that ended long ago), once they have settled; waits for those that still do
/// while there is time.
///
/// \throws db::Error, db::Unreachable, stores::StoreError
void run_traces_pass(Context& context);

/// How many builds have live traces that are to be archived, counted up to
/// \a limit.
///
/// \throws db::Error
std::int64_t count_traces(const Context& context, const db::Session& session,
                          std::int64_t limit);

/// What the options say about which traces.
db::TraceSelection trace_selection(const Options& options);

}  // namespace jobs
