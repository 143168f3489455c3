#include "db/health.hpp"

namespace db {
namespace {

const Query read_now{"health.now", "SELECT now()"};

const Query read_health_query{"health.server", R"sql(
SELECT current_setting('server_version'), current_database()::text,
       current_user::text, pg_backend_pid()
)sql"};

const Query read_secondaries{"health.geo", R"sql(
SELECT EXISTS (SELECT FROM {geo_nodes} WHERE NOT "primary")
)sql"};

const Query read_vacuum{"health.vacuum", R"sql(
SELECT c.relname::text, coalesce(s.n_live_tup, 0), coalesce(s.n_dead_tup, 0),
       current_setting('autovacuum')::boolean
           AND coalesce((SELECT option_value::boolean
                         FROM pg_options_to_table(c.reloptions)
                         WHERE option_name = 'autovacuum_enabled'), true)
FROM pg_class AS c
LEFT JOIN pg_stat_user_tables AS s ON s.relid = c.oid
WHERE c.oid IN (to_regclass('ci_pipeline_artifacts'),
                to_regclass('ci_deleted_objects'))
ORDER BY c.relname DESC
)sql"};

}  // namespace

telemetry::Timestamp now(Pool& pool, const Session& session) {
  telemetry::Timestamp now;
  execute(pool, session, read_now, {},
          [&](const Row& row) { now = row.moment(0); });
  return now;
}

Server read_server(Pool& pool, const Session& session) {
  Server server;
  const Pool::Lease connection = pool.acquire();
  connection->execute(session, read_health_query, {}, [&](const Row& row) {
    server = {std::string(row.text(0)), std::string(row.text(1)),
              std::string(row.text(2)), connection->is_pooled(row.integer(3))};
  });
  return server;
}

bool has_geo_secondaries(Pool& pool, const Session& session) {
  bool has = false;
  execute(pool, session, read_secondaries, {},
          [&](const Row& row) { has = row.boolean(0); });
  return has;
}

std::vector<VacuumState> read_vacuum_states(Pool& pool,
                                            const Session& session) {
  std::vector<VacuumState> states;
  execute(pool, session, read_vacuum, {}, [&](const Row& row) {
    states.push_back({std::string(row.text(0)), row.integer(1), row.integer(2),
                      row.boolean(3)});
  });
  return states;
}

}  // namespace db
