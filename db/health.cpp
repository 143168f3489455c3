#include "db/health.hpp"

namespace db {
namespace {

const Query read_now{"health.now", "SELECT now()"};

const Query read_server_query{"health.server", R"sql(
SELECT current_setting('server_version'), current_database()::text,
       current_user::text, pg_backend_pid()
)sql"};

// Each statement's privileges.  FOR UPDATE and FOR SHARE ask for UPDATE on one
// column at least (https://www.postgresql.org/docs/15/sql-select.html).
const Query read_privileges_query{"health.privileges", R"sql(
SELECT 'SELECT on ' || t,
       has_table_privilege(t, 'SELECT')
FROM unnest(ARRAY['ci_pipeline_artifacts', 'ci_deleted_objects']) AS t
UNION ALL
SELECT 'DELETE on ' || t, has_table_privilege(t, 'DELETE')
FROM unnest(ARRAY['ci_pipeline_artifacts', 'ci_deleted_objects']) AS t
UNION ALL
SELECT 'UPDATE of ' || c || ' on ' || t,
       has_column_privilege(t, c, 'UPDATE')
FROM (VALUES ('ci_pipeline_artifacts', 'locked'),
             ('ci_deleted_objects', 'pick_up_at'),
             ('project_statistics', 'pipeline_artifacts_size'),
             ('project_statistics', 'storage_size')) AS written (t, c)
WHERE c <> 'storage_size' OR $1 <> 0
UNION ALL
SELECT 'SELECT of ' || c || ' on ' || t,
       has_column_privilege(t, c, 'SELECT')
FROM (VALUES ('ci_pipelines', 'id'),
             ('ci_pipelines', 'locked'),
             ('project_statistics', 'id'),
             ('project_statistics', 'project_id'),
             ('project_statistics', 'pipeline_artifacts_size'),
             ('project_statistics', 'storage_size'),
             ('projects', 'id'),
             ('projects', 'pending_delete')) AS read (t, c)
WHERE (c <> 'storage_size' OR $1 <> 0)
  AND (t <> 'projects' OR $2 <> 0)
UNION ALL
SELECT 'UPDATE of some column on ci_pipelines (for FOR SHARE)',
       has_any_column_privilege('ci_pipelines', 'UPDATE')
UNION ALL
SELECT 'INSERT on ci_deleted_objects',
       has_table_privilege('ci_deleted_objects', 'INSERT')
UNION ALL
SELECT 'USAGE on sequence ' || s, has_sequence_privilege(s, 'USAGE')
FROM pg_get_serial_sequence('ci_deleted_objects', 'id') AS s
WHERE s IS NOT NULL
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
  connection->execute(session, read_server_query, {}, [&](const Row& row) {
    server = {std::string(row.text(0)), std::string(row.text(1)),
              std::string(row.text(2)), connection->is_pooled(row.integer(3))};
  });
  return server;
}

std::vector<Privilege> read_privileges(Pool& pool, const Session& session,
                                       const Catalog& catalog) {
  std::vector<Privilege> privileges;
  execute(pool, session, read_privileges_query,
          Parameters()
              .add(std::int64_t{catalog.storage_counts_artifacts()})
              .add(std::int64_t{catalog.has_pending_delete()}),
          [&](const Row& row) {
            privileges.push_back({std::string(row.text(0)), row.boolean(1)});
          });
  return privileges;
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
