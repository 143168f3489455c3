#pragma once

#include "jobs/context.hpp"

namespace jobs {

/// Drains ci_deleted_objects of what was due when the run began, whoever queued
/// it: an earlier run that was killed, one that met a full or unwritable store,
/// or GitLab itself.  By GitLab's own protocol: an entry taken is leased for
/// ten minutes, its object removed outside any transaction, then forgotten.
///
/// An entry whose object can't be removed stays, is named, and is due at once
/// for the next run.
///
/// \throws as run_unlocked_pass().
void run_objects_pass(Context& context);

/// The file_store values whose entries this run may take: configured, and not
/// left out by --only-store.
std::vector<std::int64_t> served_stores(const Context& context);

}  // namespace jobs
