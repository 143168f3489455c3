#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "db/catalog.hpp"
#include "db/pool.hpp"
#include "db/statement.hpp"

namespace db {

/// A user and the state GitLab has them in ("active", "blocked", ...).
struct UserState {
  std::int64_t id = 0;
  std::string state;
};

/// Up to \a limit users in state `blocked`, exactly, after \a after, by id.
///
/// \throws Error, Unreachable
std::vector<std::int64_t> blocked_users(Pool& pool, const Session& session,
                                        std::int64_t after, std::int64_t limit);

/// The states of these users; those that are not there are left out.
///
/// \throws Error, Unreachable
std::vector<UserState> user_states(Pool& pool, const Session& session,
                                   const std::vector<std::int64_t>& ids);

/// Turn off those active pipeline schedules of \a owners that are still theirs
/// while they are still blocked, up to \a limit, as GitLab does when it blocks
/// a user (Ci::DisableUserPipelineSchedulesService, E21 to E26).
///
/// \return how many.
/// \throws Error, Unreachable
std::int64_t disable_schedules(Pool& pool, const Session& session,
                               const std::vector<std::int64_t>& owners,
                               std::int64_t limit);

/// How many disable_schedules() would turn off.
std::int64_t count_schedules(Pool& pool, const Session& session,
                             const std::vector<std::int64_t>& owners);

std::vector<Statement> user_statements(const Catalog& catalog);

}  // namespace db
