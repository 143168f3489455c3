#pragma once

#include "jobs/context.hpp"

namespace jobs {

/// Destroys what has expired and says itself that it is unlocked
/// (expire_at < horizon AND locked = 0), page by page off the partial index,
/// several batches at a time.
///
/// Safe to run again after any failure, beside another run and beside a live
/// GitLab.
///
/// \throws stores::StoreError, db::Unreachable, or a db::Error that does not
///         concern single rows; what was reported done stays done.
void run_unlocked_pass(Context& context);

}  // namespace jobs
