#include "db/health.hpp"

namespace db {
namespace {

const Query read_now{"health.now", "SELECT now()"};

const Query read_health_query{"health.server", R"sql(
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

// The same for jobs and traces; a table or column that this GitLab does not
// have asks for nothing.  No columns: the whole table.
const Query read_build_privileges_query{"health.build_privileges", R"sql(
SELECT p || coalesce(' of ' || c, '') || ' on ' || t,
       CASE WHEN c IS NULL THEN has_table_privilege(t, p)
            ELSE has_column_privilege(t, c, p) END
FROM (VALUES
    ('SELECT', 'users', 'id state'),
    ('SELECT', 'ci_pipeline_schedules', 'id owner_id active'),
    ('UPDATE', 'ci_pipeline_schedules', 'active'),
    ('SELECT', 'ci_pipelines', 'id project_id user_id status lock_version '
        'started_at finished_at duration ci_ref_id source auto_canceled_by_id'),
    ('UPDATE', 'ci_pipelines', 'status updated_at lock_version started_at '
        'finished_at duration auto_canceled_by_id'),
    ('SELECT', 'ci_stages', 'id pipeline_id position status lock_version'),
    ('UPDATE', 'ci_stages', 'status updated_at lock_version'),
    ('SELECT', 'ci_refs', 'id status lock_version'),
    ('UPDATE', 'ci_refs', 'status lock_version'),
    ('SELECT', 'ci_builds', 'id commit_id project_id type status stage_idx '
        'allow_failure retried processed lock_version failure_reason '
        'started_at finished_at updated_at scheduled_at resource_group_id '
        'partition_id'),
    ('UPDATE', 'ci_builds', 'status failure_reason finished_at updated_at '
        'processed scheduled_at token_encrypted lock_version'),
    ('SELECT', 'ci_pending_builds', 'id build_id'),
    ('DELETE', 'ci_pending_builds', NULL),
    ('SELECT', 'ci_running_builds', 'id build_id'),
    ('DELETE', 'ci_running_builds', NULL),
    ('SELECT', 'ci_builds_runner_session', 'id build_id'),
    ('DELETE', 'ci_builds_runner_session', NULL),
    ('SELECT', 'ci_resources', 'id resource_group_id build_id'),
    ('UPDATE', 'ci_resources', 'build_id'),
    ('SELECT', 'ci_resource_groups', 'id project_id key'),
    ('SELECT', 'deployments', 'deployable_type deployable_id status'),
    ('UPDATE', 'deployments', 'status finished_at updated_at'),
    ('SELECT', 'ci_build_trace_chunks', NULL),
    ('DELETE', 'ci_build_trace_chunks', NULL),
    ('UPDATE', 'ci_build_trace_chunks', 'data_store'),
    ('SELECT', 'ci_build_pending_states', 'build_id'),
    ('DELETE', 'ci_build_pending_states', NULL),
    ('SELECT', 'ci_job_artifacts', 'id project_id job_id file_type file '
        'file_store file_sha256 created_at'),
    ('INSERT', 'ci_job_artifacts', 'project_id job_id file_type created_at '
        'updated_at partition_id'),
    ('UPDATE', 'ci_job_artifacts', 'file file_store file_sha256 size '
        'updated_at'),
    ('SELECT', 'ci_build_trace_metadata', 'build_id trace_artifact_id '
        'checksum archived_at'),
    ('INSERT', 'ci_build_trace_metadata', 'build_id trace_artifact_id checksum '
        'archived_at'),
    ('UPDATE', 'ci_build_trace_metadata', 'trace_artifact_id checksum '
        'archived_at')) AS needed (p, t, columns)
LEFT JOIN LATERAL unnest(string_to_array(columns, ' ')) AS c ON true
WHERE to_regclass(t) IS NOT NULL
  AND (c IS NULL OR EXISTS (SELECT
                            FROM pg_attribute AS a
                            WHERE a.attrelid = to_regclass(t)
                              AND a.attname = c AND NOT a.attisdropped))
UNION ALL
SELECT 'USAGE on sequence ' || s, has_sequence_privilege(s, 'USAGE')
FROM pg_get_serial_sequence('ci_job_artifacts', 'id') AS s
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
  connection->execute(session, read_health_query, {}, [&](const Row& row) {
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

std::vector<Privilege> read_build_privileges(Pool& pool,
                                             const Session& session) {
  std::vector<Privilege> privileges;
  execute(pool, session, read_build_privileges_query, {}, [&](const Row& row) {
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
