#pragma once

#include "jobs/context.hpp"

namespace jobs {

/// Why expired rows are not eligible: counted after a plan, by three statements
/// of at most a second and 100,000 such rows each, and by what the plan named
/// as problems.
telemetry::NotEligible count_not_eligible(Context& context);

}  // namespace jobs
