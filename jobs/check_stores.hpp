#pragma once

#include "jobs/check_database.hpp"

/// The part of `check` that asks the stores.
namespace jobs {

/// Each configured store is there and objects can be removed from it.
void check_store_roots(Installation& installation, Findings& findings);

/// Is it the right store?  Of a sample of up to 100 artifacts that are not
/// expired, 95 of 100 must be found; a wrong mount or prefix would otherwise
/// count every object as absent and leak them all.  Rows of a store that is not
/// configured are found here too.
void check_live_objects(Installation& installation, Findings& findings);

}  // namespace jobs
