#pragma once

#include "jobs/check_database.hpp"

/// The part of `check` that is about jobs and traces.
namespace jobs {

/// The tables of jobs, if a pass that works on them was asked for.
///
/// \return whether there is anything to look at.
bool check_job_tables(Installation& installation, Findings& findings);

/// Every user who was named is there and blocked.
void check_users(Installation& installation, Findings& findings);

/// The Redis servers that were given answer; what is at risk where none was.
///
/// \throws stores::StoreUnreachable in a run or a plan: it may work later.
void check_redis(Installation& installation, Findings& findings);

/// Traces that are to be archived can be read, and have somewhere to go.
void check_traces(Installation& installation, Findings& findings);

}  // namespace jobs
