#pragma once

#include "jobs/artifacts_lease.hpp"
#include "jobs/context.hpp"

namespace jobs {

/// The passes asked for, in their order, each within a share of the time, so
/// that a slow one takes nothing from the next; one that was cut short comes
/// again in what others leave over.  The traces pass comes last of all: it
/// waits for traces to settle, and has whatever time there is.
///
/// While passes over artifacts run, GitLab's lease on them is held.
/// \param lease_lifetime how long it lasts by itself.
/// \throws LeaseHeld before anything was destroyed, with --exclusive.
void run_passes(Context& context, std::chrono::milliseconds lease_lifetime);

}  // namespace jobs
