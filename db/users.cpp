#include "db/users.hpp"

namespace db {
namespace {

const Query blocked_users_query{"users.blocked", R"sql(
SELECT id::bigint
FROM {users}
WHERE state = 'blocked' AND id > $1
ORDER BY id
LIMIT $2
)sql"};

const Query user_states_query{"users.states", R"sql(
SELECT id::bigint, coalesce(state::text, '')
FROM {users}
WHERE id = ANY ($1::bigint[])
ORDER BY id
)sql"};

const Query disable_schedules_query{"schedules.disable", R"sql(
WITH held AS MATERIALIZED (
    SELECT s.id
    FROM {ci_pipeline_schedules} AS s
    WHERE s.owner_id = ANY ($1::bigint[])
      AND s.active
      {if users}
      AND EXISTS (SELECT FROM {users} AS u
                  WHERE u.id = s.owner_id AND u.state = 'blocked')
      {end}
    ORDER BY s.id
    LIMIT $2
    FOR NO KEY UPDATE SKIP LOCKED
),
disabled AS (
    UPDATE {ci_pipeline_schedules} AS s
    SET active = false
    FROM held
    WHERE s.id = held.id
    RETURNING s.id
)
SELECT count(*) FROM disabled
)sql"};

const Query count_schedules_query{"schedules.count", R"sql(
SELECT count(*)
FROM {ci_pipeline_schedules}
WHERE owner_id = ANY ($1::bigint[]) AND active
)sql"};

}  // namespace

std::vector<std::int64_t> blocked_users(Pool& pool, const Session& session,
                                        std::int64_t after,
                                        std::int64_t limit) {
  std::vector<std::int64_t> ids;
  execute(pool, session, blocked_users_query,
          Parameters().add(after).add(limit),
          [&](const Row& row) { ids.push_back(row.integer(0)); });
  return ids;
}

std::vector<UserState> user_states(Pool& pool, const Session& session,
                                   const std::vector<std::int64_t>& ids) {
  std::vector<UserState> states;
  execute(pool, session, user_states_query, Parameters().add(ids),
          [&](const Row& row) {
            states.push_back({row.integer(0), std::string(row.text(1))});
          });
  return states;
}

std::int64_t disable_schedules(Pool& pool, const Session& session,
                               const std::vector<std::int64_t>& owners,
                               std::int64_t limit) {
  std::int64_t disabled = 0;
  execute_repeatable(pool, session, disable_schedules_query,
                     Parameters().add(owners).add(limit),
                     [&](const Row& row) { disabled = row.integer(0); });
  return disabled;
}

std::int64_t count_schedules(Pool& pool, const Session& session,
                             const std::vector<std::int64_t>& owners) {
  std::int64_t count = 0;
  execute(pool, session, count_schedules_query, Parameters().add(owners),
          [&](const Row& row) { count = row.integer(0); });
  return count;
}

std::vector<Statement> user_statements(const Catalog& catalog) {
  const std::vector<std::int64_t> ids{0};
  std::vector<Statement> statements{
      {"builds", blocked_users_query,
       Parameters().add(std::int64_t{0}).add(std::int64_t{1000}), true, "users",
       "users (state)"},
      {"builds", user_states_query, Parameters().add(ids), true, "users",
       nullptr}};
  if (catalog.serves("ci_pipeline_schedules"))
    statements.push_back({"builds", disable_schedules_query,
                          Parameters().add(ids).add(std::int64_t{1000}), false,
                          "ci_pipeline_schedules",
                          "ci_pipeline_schedules (owner_id)"});
  return statements;
}

}  // namespace db
