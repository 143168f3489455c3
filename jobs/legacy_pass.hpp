#pragma once

#include "jobs/context.hpp"

namespace jobs {

/// Destroys what has expired and whose pipeline is unlocked, whatever the row
/// says itself; writes down the state of rows that don't know theirs.
///
/// GitLab's own query for this joins artifacts to pipelines and takes the
/// first hundred: at GitLab.com it read 861,384 rows for one result, in 304 s.
/// No index knows both sides.  Here a window of rows, read off the expire_at
/// index, asks for its pipelines by primary key: what one statement looks at is
/// bounded, and a window that still times out is halved.
///
/// \throws as run_unlocked_pass().
void run_legacy_pass(Context& context);

}  // namespace jobs
