#pragma once

#include "jobs/context.hpp"

namespace jobs {

/// Drop the jobs of blocked users, properly: a wave of pipelines at a time, in
/// parallel, each pipeline by one worker.
///
/// \throws db::Error, db::Unreachable, stores::StoreError
void run_builds_pass(Context& context);

/// How many cancelable jobs blocked users have, counted up to \a limit.
///
/// \throws db::Error
std::int64_t count_builds(const Context& context, const db::Session& session,
                          std::int64_t limit);

}  // namespace jobs
