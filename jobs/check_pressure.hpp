#pragma once

#include "jobs/check_database.hpp"

namespace jobs {

/// `check` alone: each signal that a run heeds, beside its limit, and which of
/// them this role can't see.
void check_pressure(Installation& installation, Findings& findings);

}  // namespace jobs
