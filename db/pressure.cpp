#include "db/pressure.hpp"

namespace db {
namespace {

// A session that waits for a row holds the lock of its tuple meanwhile, or
// waits for that: heap_acquire_tuplock() in PostgreSQL's heapam.c.  So pg_locks
// tells for which table a wait is, though what is waited for is a transaction.
//
// Autovacuum comes to a table with more dead rows than threshold and scale
// factor say (https://www.postgresql.org/docs/15/routine-vacuuming.html); their
// number may be some seconds old, so a quarter is added.
//
// The archiver goes from segment to segment, so all up to the last is archived.
// What only receives WAL (pg_receivewal) tells no place up to which it was
// replayed, and a lag that grows for ever.  pg_partition_tree() would lock each
// partition.
//
// Names are timeline, high and low part in eight hexadecimal digits each
// (XLogFileName in xlog_internal.h).
const Query read_pressure_query{"health.pressure", R"sql(
WITH RECURSIVE roots AS (
    SELECT name, deleted_from,
           coalesce(to_regclass('p_' || name), to_regclass(name)) AS root
    FROM (VALUES ('ci_pipeline_artifacts', true), ('ci_deleted_objects', true),
                 ('ci_build_trace_chunks', true), ('ci_pipelines', false),
                 ('project_statistics', false), ('ci_builds', false),
                 ('ci_stages', false)) AS n (name, deleted_from)
),
tree AS (
    SELECT name, deleted_from, root::oid AS relid
    FROM roots
    WHERE root IS NOT NULL
    UNION ALL
    SELECT t.name, t.deleted_from, i.inhrelid
    FROM tree AS t
    JOIN pg_inherits AS i ON i.inhparent = t.relid
),
leaves AS MATERIALIZED (
    SELECT t.name, t.deleted_from, t.relid
    FROM tree AS t
    JOIN pg_class AS c ON c.oid = t.relid
    WHERE c.relkind <> 'p'
),
locks AS MATERIALIZED (
    SELECT pid, granted, locktype, database, relation FROM pg_locks
),
archiver AS (
    SELECT coalesce(last_archived_wal, last_failed_wal) AS name,
           last_archived_wal IS NOT NULL AS is_archived,
           pg_size_bytes(current_setting('wal_segment_size')) AS segment_size
    FROM pg_stat_archiver
    WHERE current_setting('archive_mode') <> 'off'
      AND NOT pg_is_in_recovery()
      AND (current_setting('archive_command') NOT IN ('', '(disabled)')
           OR coalesce(current_setting('archive_library', true), '') <> '')
),
standbys AS (
    SELECT count(*) AS number,
           max(r.replay_lag) FILTER (WHERE r.replay_lsn IS NOT NULL) AS lag
    FROM pg_stat_replication AS r
    WHERE NOT EXISTS (SELECT
                      FROM pg_replication_slots AS s
                      WHERE s.active_pid = r.pid AND s.slot_type = 'logical')
),
pressure AS MATERIALIZED (
    SELECT pg_has_role('pg_read_all_stats', 'USAGE') AS sees_all,
           (SELECT number FROM standbys) AS standbys,
           (SELECT (extract(epoch FROM lag) * 1000)::bigint
            FROM standbys) AS replay_lag,
           (SELECT count(DISTINCT w.pid)
            FROM locks AS w
            JOIN locks AS t ON t.pid = w.pid
            WHERE NOT w.granted
              AND t.database = (SELECT oid FROM pg_database
                                WHERE datname = current_database())
              AND t.relation IN (SELECT relid FROM tree)
              AND (t.locktype = 'tuple' OR NOT t.granted)
              AND NOT EXISTS (SELECT
                              FROM pg_stat_activity AS a
                              WHERE a.pid = w.pid
                                AND a.application_name LIKE 'ci-janitor %'))
               AS lock_waits,
           (SELECT (extract(epoch FROM clock_timestamp() - min(began)) * 1000)
                       ::bigint
            FROM (SELECT xact_start
                  FROM pg_stat_activity
                  WHERE datname = current_database()
                    AND backend_type = 'client backend'
                    AND pid <> pg_backend_pid()
                    AND (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL)
                  UNION ALL
                  SELECT prepared
                  FROM pg_prepared_xacts
                  WHERE database = current_database()) AS x (began))
               AS oldest_transaction,
           (SELECT greatest(
                       0,
                       (pg_current_wal_lsn() - '0/0')::bigint
                           - (('x' || substr(name, 9, 8))::bit(32)::bigint << 32)
                           - ('x' || substr(name, 17, 8))::bit(32)::bigint
                                 * segment_size
                           - CASE WHEN is_archived THEN segment_size ELSE 0 END)
            FROM archiver
            WHERE name ~ '^[0-9A-F]{24}') AS unarchived
)
SELECT p.sees_all, p.standbys, p.replay_lag, p.lock_waits,
       p.oldest_transaction, p.unarchived, l.name::text,
       sum(pg_stat_get_live_tuples(l.relid))::bigint,
       sum(pg_stat_get_dead_tuples(l.relid))::bigint,
       sum(pg_stat_get_vacuum_count(l.relid)
           + pg_stat_get_autovacuum_count(l.relid))::bigint,
       bool_or(EXISTS (SELECT
                       FROM pg_stat_progress_vacuum AS v
                       WHERE v.datid = (SELECT oid FROM pg_database
                                        WHERE datname = current_database())
                         AND v.relid = l.relid)),
       current_setting('autovacuum')::boolean
           AND bool_or(o.is_on
                       AND 1.25 * pg_stat_get_dead_tuples(l.relid) >=
                           o.threshold + o.scale * greatest(c.reltuples, 0))
FROM pressure AS p
CROSS JOIN leaves AS l
JOIN pg_class AS c ON c.oid = l.relid
CROSS JOIN LATERAL (
    SELECT coalesce(bool_and(option_value::boolean)
                        FILTER (WHERE option_name = 'autovacuum_enabled'),
                    true) AS is_on,
           coalesce(max(option_value::float8) FILTER (
                        WHERE option_name = 'autovacuum_vacuum_threshold'),
                    current_setting('autovacuum_vacuum_threshold')::float8)
               AS threshold,
           coalesce(max(option_value::float8) FILTER (
                        WHERE option_name = 'autovacuum_vacuum_scale_factor'),
                    current_setting('autovacuum_vacuum_scale_factor')::float8)
               AS scale
    FROM pg_options_to_table(c.reloptions)) AS o
WHERE l.deleted_from
GROUP BY 1, 2, 3, 4, 5, 6, 7
ORDER BY 7
)sql"};

}  // namespace

Pressure read_pressure(Pool& pool, const Session& session) {
  Pressure pressure;
  execute(pool, session, read_pressure_query, {}, [&](const Row& row) {
    pressure.sees_all = row.boolean(0);
    pressure.standbys = row.integer(1);
    pressure.replay_lag_ms = row.maybe_integer(2);
    pressure.lock_waits = row.integer(3);
    pressure.oldest_transaction_ms = row.maybe_integer(4);
    pressure.unarchived_bytes = row.maybe_integer(5);
    pressure.tables.push_back({std::string(row.text(6)), row.integer(7),
                               row.integer(8), row.integer(9), row.boolean(10),
                               row.boolean(11)});
  });
  return pressure;
}

}  // namespace db
