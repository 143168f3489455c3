#pragma once

#include <vector>

#include "jobs/check.hpp"

/// The part of `check` that asks the database.  Each function adds its
/// findings.
namespace jobs {

/// Version, role, pooler, and that it is not a standby.
void check_server(Installation& installation, Findings& findings);
/// \return false if the schema can't be served: nothing else makes sense then.
bool check_tables(Installation& installation, Findings& findings);
/// What was chosen by the traits of the schema, and why.
void check_choices(Installation& installation, Findings& findings);
/// That no secondary of Geo would keep what is removed; asks a table.
void check_geo(Installation& installation, Findings& findings);
/// The indexes of the passes asked for: there, valid, and used by the planner.
void check_indexes(Installation& installation, Findings& findings);
/// \param jobs whether those of the passes builds and traces are needed too.
/// \return whether none is missing.
bool check_privileges(Installation& installation, bool jobs,
                      Findings& findings);
void check_vacuum(Installation& installation, Findings& findings);
/// The database's clock against ours.
void check_clock(Installation& installation, Findings& findings);

}  // namespace jobs
