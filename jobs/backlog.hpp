#pragma once

#include "jobs/context.hpp"

namespace jobs {

/// Count what is left (in a plan: what would be).  Each count is exact up to
/// 10,000 and missing where it would take over a second.  Rows named as
/// problems are not backlog.
telemetry::Backlog count_backlog(Context& context);

}  // namespace jobs
