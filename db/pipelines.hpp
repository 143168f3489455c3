#pragma once

#include <cstdint>
#include <vector>

#include "db/located.hpp"
#include "db/pool.hpp"
#include "db/statement.hpp"

namespace db {

/// What a window's look at ci_pipelines found, each in ascending order.
struct PipelineLocks {
  std::vector<std::int64_t> unlocked;
  std::vector<std::int64_t> locked;
};

/// Which of \a pipelines are unlocked (locked = 0), which locked.
/// One probe of the primary key each, in the index's order.  May be called from
/// several threads at once.
///
/// \throws Error, Unreachable
PipelineLocks look_up_locks(Pool& pool, const Session& session,
                            const Located& pipelines);

std::vector<Statement> pipeline_statements();

}  // namespace db
