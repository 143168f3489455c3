#pragma once

#include "jobs/context.hpp"

namespace jobs {

/// One pass: its time, its progress, and that it ends with a reason.  Where the
/// schema has changed since the catalog was read, it is read again, once, and
/// the pass begun anew.
/// \throws what a run can't go on after; the report tells what was done.
void run_pass(telemetry::Pass pass, Context& context);

}  // namespace jobs
