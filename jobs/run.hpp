#pragma once

#include <atomic>
#include <chrono>

#include "jobs/artifacts_lease.hpp"
#include "jobs/context.hpp"
#include "jobs/installation.hpp"
#include "telemetry/report.hpp"

namespace jobs {

/// `ci-janitor run` and `plan`: is everything fit, then the passes in order,
/// then what is left.
///
/// \param report filled as the run goes on, so that it tells what was done even
///        if this throws.
/// \param lease_lifetime of GitLab's lease on artifacts: for tests.
/// \throws Unfit before anything was changed.
/// \throws UsageError if --horizon is later than the database's now, or --plan
///         makes no sense.
/// \throws LeaseHeld before anything was destroyed.
/// \throws stores::StoreError, db::Unreachable, db::Error if the run can't go
///         on; what was reported done stays done.
void run(
    Installation& installation, const std::atomic<bool>& stop,
    const Listing& listing, telemetry::Report& report,
    std::chrono::milliseconds lease_lifetime = ArtifactsLease::usual_lifetime);

}  // namespace jobs
