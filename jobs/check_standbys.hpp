#pragma once

#include "jobs/check_database.hpp"

namespace jobs {

/// Whether --wait-for-standby can be waited for.  Where it can't, nothing is
/// begun: every pass would stop after its first batch, with its rows destroyed
/// and its objects left, and so would every run after this one.
void check_standbys(Installation& installation, Findings& findings);

}  // namespace jobs
