#pragma once

#include "jobs/check.hpp"

namespace jobs {

class PlannedRows;

/// --max-fraction: would a run destroy more than that share of all artifacts?
/// Where the table has no more than 10,000 rows nobody asks.  A plan logs it as
/// a warning, and goes on.
///
/// \param named rows of --plan; null: whatever has expired.
/// \throws db::Error, db::Unreachable
void check_share(Installation& installation, const PlannedRows* named,
                 Findings& findings);

}  // namespace jobs
