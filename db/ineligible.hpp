#pragma once

#include <cstdint>
#include <vector>

#include "db/pipeline_artifacts.hpp"
#include "telemetry/report.hpp"

namespace db {

/// How many rows of a project are not eligible, and why.
struct IneligibleRows {
  telemetry::Ineligible reason;
  std::int64_t project_id = 0;
  std::int64_t rows = 0;
};

/// Which rows a run takes, as far as it matters here.
struct Eligibility {
  Filter filter;
  telemetry::Timestamp horizon;    ///< what expired before it may go
  telemetry::Timestamp grace_end;  ///< what expired before it has expired
  /// The legacy pass is asked for: it judges rows of unknown state by their
  /// pipeline,
  bool judges_unknown = true;
  /// and those that say they are locked, too (without --trust-lock-state).
  bool judges_locked = true;
};

/// Expired, of the stores of the filter, and kept by a lock; locked, unknown
/// and contradictory rows.  Looks at the rows in one statement, up to \a limit
/// that count.
///
/// \throws Error, Unreachable
std::vector<IneligibleRows> count_locked(Pool& pool, const Session& session,
                                         const Eligibility& eligibility,
                                         std::int64_t limit);
/// Expired, but so lately that --grace keeps them; likewise.
std::vector<IneligibleRows> count_too_young(Pool& pool, const Session& session,
                                            const Eligibility& eligibility,
                                            std::int64_t limit);
/// Expired, of a store that is not of the filter; likewise.
std::vector<IneligibleRows> count_other_stores(Pool& pool,
                                               const Session& session,
                                               const Eligibility& eligibility,
                                               std::int64_t limit);

}  // namespace db
