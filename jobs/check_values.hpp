#pragma once

#include "jobs/check_database.hpp"

namespace jobs {

/// Names lock states, statuses and stores that this program does not know, as
/// a GitLab newer than it might write them.  They don't matter: every pass
/// asks for the values that it acts on, and a job of unknown status leaves its
/// stage and pipeline as they are.
void check_values(Installation& installation, Findings& findings);

}  // namespace jobs
