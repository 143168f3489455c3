-- What ci-janitor needs on GitLab's database, and nothing besides: it never
-- creates, alters, truncates or owns anything.  `ci-janitor check` tells which
-- of these is missing.
--
-- For psql, as the owner of the tables.  The role has to be there already:
--
--     psql -d gitlabhq_production -c 'CREATE ROLE ci_janitor LOGIN'
--     psql -d gitlabhq_production -f db/grants.sql
--
-- It may be said again, after an upgrade of GitLab say.  Settings, each by -v:
--
--     role=NAME        another role than ci_janitor
--     schema=NAME      another schema than public
--     plan=on          for one that only plans, and changes nothing
--     jobs=off         for --passes unlocked,legacy,objects
--     half=ci, main    where GitLab has two databases: say it in each, with its
--                      name
--     statistics=WAY   where the same is said to ci-janitor: with-storage,
--                      alone, off
--
-- For --wait-for-standby, --max-replica-lag and --max-transaction-age, by a
-- superuser: how far the standbys are, and since when transactions of others
-- last.  Without it the last two are not heeded.
--
--     psql -d gitlabhq_production -c 'GRANT pg_read_all_stats TO ci_janitor'
\set ON_ERROR_STOP on
\set QUIET on
\if :{?role}
\else
  \set role ci_janitor
\endif
\if :{?schema}
\else
  \set schema public
\endif
\if :{?plan}
\else
  \set plan off
\endif
\if :{?jobs}
\else
  \set jobs on
\endif
\if :{?half}
\else
  \set half whole
\endif
\if :{?statistics}
\else
  \set statistics auto
\endif

BEGIN;

GRANT CONNECT ON DATABASE :"DBNAME" TO :"role";
GRANT USAGE ON SCHEMA :"schema" TO :"role";

-- db/privileges.cpp asks for the same; a test takes each away in turn.
--
-- A table is passed over that this GitLab does not have, and so is a column;
-- where GitLab has put p_ before the name, the root of the partitions is meant.
-- No column: the whole table.  USAGE is of the sequence behind its id.
--
-- SELECT ... FOR UPDATE and FOR SHARE ask for UPDATE of some column, whichever:
-- where nothing of a table is ever changed, updated_at is the one that matters
-- least.  condition names what has to be there, or with ! must not be.
WITH needed (what_for, privilege, name, columns, condition) AS (VALUES
    -- Artifacts: what plan reads.  The pipeline's own lock decides in the
    -- legacy pass.
    ('plan', 'SELECT', 'ci_pipeline_artifacts',
     'id project_id pipeline_id size file file_store created_at expire_at '
     'locked partition_id', ''),
    ('plan', 'SELECT', 'ci_pipelines', 'id locked', ''),
    ('plan', 'SELECT', 'ci_pipelines', 'partition_id',
     'ci_pipeline_artifacts.partition_id'),
    ('plan', 'SELECT', 'ci_deleted_objects',
     'id file_store pick_up_at store_dir file', ''),
    ('plan', 'SELECT', 'geo_nodes', 'primary', ''),

    -- They are destroyed, or their lock state is written down.
    ('run', 'DELETE', 'ci_pipeline_artifacts', '', ''),
    ('run', 'UPDATE', 'ci_pipeline_artifacts', 'locked', ''),
    ('run', 'UPDATE', 'ci_pipeline_artifacts', 'updated_at',
     '!ci_pipeline_artifacts.locked'),
    ('run', 'UPDATE', 'ci_pipelines', 'updated_at', ''),

    -- The queue of objects whose rows are gone: entries are added, leased by
    -- pick_up_at, and forgotten.
    ('run', 'INSERT', 'ci_deleted_objects',
     'file_store pick_up_at store_dir file project_id', ''),
    ('run', 'USAGE', 'ci_deleted_objects', '', ''),
    ('run', 'UPDATE', 'ci_deleted_objects', 'pick_up_at', ''),
    ('run', 'DELETE', 'ci_deleted_objects', '', ''),

    -- The destroyed bytes are taken off, but where a project is about to be
    -- deleted.
    ('run', 'SELECT', 'project_statistics',
     'id project_id pipeline_artifacts_size', 'statistics'),
    ('run', 'UPDATE', 'project_statistics', 'pipeline_artifacts_size',
     'statistics'),
    ('run', 'SELECT', 'project_statistics', 'storage_size', 'with_storage'),
    ('run', 'UPDATE', 'project_statistics', 'storage_size', 'with_storage'),
    ('run', 'SELECT', 'projects', 'id pending_delete',
     'statistics projects.pending_delete'),

    -- Across two databases: what a crash left untold is counted anew.
    ('run', 'SELECT', 'project_statistics', 'xmin', 'recount'),
    ('run', 'SELECT', 'ci_deleted_objects', 'project_id', 'recount'),
    ('run', 'SELECT', 'ci_pipelines', 'project_id',
     'recount !ci_deleted_objects.project_id'),

    -- Where a trigger of a table that rows are deleted from writes it.
    ('run', 'INSERT', 'loose_foreign_keys_deleted_records',
     'fully_qualified_table_name primary_key_value', 'records_deletions'),
    ('run', 'USAGE', 'loose_foreign_keys_deleted_records', '',
     'records_deletions'),

    -- Jobs of blocked users and their traces: what plan reads.  Never read is
    -- what a job is made of, its token least of all.
    ('plan jobs', 'SELECT', 'users', 'id state', ''),
    ('plan jobs', 'SELECT', 'ci_pipeline_schedules', 'owner_id active', ''),
    ('plan jobs', 'SELECT', 'ci_pipelines',
     'id project_id user_id status partition_id', ''),
    ('plan jobs', 'SELECT', 'ci_builds',
     'id commit_id project_id status lock_version failure_reason retried '
     'finished_at updated_at partition_id', ''),
    ('plan jobs', 'SELECT', 'ci_build_trace_chunks',
     'id build_id chunk_index data_store raw_data checksum lock_version '
     'partition_id', ''),
    ('plan jobs', 'SELECT', 'ci_job_artifacts',
     'id job_id file_type file file_store file_sha256 created_at', ''),
    ('plan jobs', 'SELECT', 'ci_job_artifacts', 'partition_id',
     'ci_build_trace_chunks.partition_id'),

    -- Their schedules must start no more.
    ('run jobs', 'SELECT', 'ci_pipeline_schedules', 'id', ''),
    ('run jobs', 'UPDATE', 'ci_pipeline_schedules', 'active', ''),

    -- Jobs are dropped.
    ('run jobs', 'SELECT', 'ci_builds',
     'type stage_idx allow_failure processed started_at scheduled_at '
     'resource_group_id', ''),
    ('run jobs', 'UPDATE', 'ci_builds',
     'status failure_reason finished_at updated_at processed scheduled_at '
     'token_encrypted lock_version', ''),
    ('run jobs', 'SELECT', 'ci_pending_builds', 'id build_id', ''),
    ('run jobs', 'DELETE', 'ci_pending_builds', '', ''),
    ('run jobs', 'SELECT', 'ci_running_builds', 'id build_id', ''),
    ('run jobs', 'DELETE', 'ci_running_builds', '', ''),
    ('run jobs', 'SELECT', 'ci_builds_runner_session', 'id build_id', ''),
    ('run jobs', 'DELETE', 'ci_builds_runner_session', '', ''),
    ('run jobs', 'SELECT', 'ci_resources', 'id resource_group_id build_id', ''),
    ('run jobs', 'UPDATE', 'ci_resources', 'build_id partition_id', ''),
    ('run jobs', 'SELECT', 'ci_resource_groups', 'id project_id key', ''),
    ('run jobs', 'SELECT', 'deployments',
     'deployable_type deployable_id status', ''),
    ('run jobs', 'SELECT', 'deployments', 'user_id', 'apart'),
    ('run jobs', 'UPDATE', 'deployments', 'status finished_at updated_at', ''),

    -- Stages, pipelines and refs follow.
    ('run jobs', 'SELECT', 'ci_stages',
     'id pipeline_id position status lock_version partition_id', ''),
    ('run jobs', 'UPDATE', 'ci_stages', 'status updated_at lock_version', ''),
    ('run jobs', 'SELECT', 'ci_pipelines',
     'lock_version started_at finished_at duration auto_canceled_by_id', ''),
    ('run jobs', 'UPDATE', 'ci_pipelines',
     'status updated_at lock_version started_at finished_at duration '
     'auto_canceled_by_id', ''),
    ('run jobs', 'SELECT', 'ci_pipelines', 'ci_ref_id source',
     'ci_refs ci_pipelines.ci_ref_id ci_pipelines.source'),
    ('run jobs', 'SELECT', 'ci_refs', 'id status lock_version',
     'ci_pipelines.ci_ref_id ci_pipelines.source'),
    ('run jobs', 'UPDATE', 'ci_refs', 'status lock_version',
     'ci_pipelines.ci_ref_id ci_pipelines.source'),

    -- Traces are archived, and their chunks forgotten.
    ('run jobs', 'UPDATE', 'ci_build_trace_chunks', 'data_store', ''),
    ('run jobs', 'DELETE', 'ci_build_trace_chunks', '', ''),
    ('run jobs', 'SELECT', 'ci_build_pending_states', 'build_id', ''),
    ('run jobs', 'DELETE', 'ci_build_pending_states', '', ''),
    ('run jobs', 'SELECT', 'ci_job_artifacts',
     'project_id partition_id', ''),
    ('run jobs', 'INSERT', 'ci_job_artifacts',
     'project_id job_id file_type created_at updated_at partition_id', ''),
    ('run jobs', 'USAGE', 'ci_job_artifacts', '', ''),
    ('run jobs', 'UPDATE', 'ci_job_artifacts',
     'file file_store file_sha256 size updated_at', ''),
    ('run jobs', 'SELECT', 'ci_build_trace_metadata',
     'build_id trace_artifact_id checksum archived_at', ''),
    ('run jobs', 'SELECT', 'ci_build_trace_metadata', 'partition_id',
     'parted_metadata'),
    ('run jobs', 'INSERT', 'ci_build_trace_metadata',
     'build_id trace_artifact_id checksum archived_at partition_id '
     'project_id', ''),
    ('run jobs', 'UPDATE', 'ci_build_trace_metadata',
     'trace_artifact_id checksum archived_at', '')
),
-- Under its write-lock trigger a table lives in the other of two databases.
place AS (
    SELECT n.name, c.oid, c.relkind,
           n.name IN ('users', 'projects', 'project_statistics', 'deployments',
                      'geo_nodes') AS in_main,
           EXISTS (SELECT FROM pg_trigger AS t
                   WHERE t.tgrelid = c.oid
                     AND t.tgname = 'gitlab_schema_write_trigger_for_' ||
                                    c.relname) AS write_locked
    FROM (SELECT DISTINCT name FROM needed) AS n
    CROSS JOIN LATERAL (
        SELECT to_regclass(format('%I.%I', :'schema', n.name)) AS plain,
               to_regclass(format('%I.%I', :'schema', 'p_' || n.name))
                   AS prefixed) AS r
    JOIN pg_class AS c
        ON c.oid = coalesce(prefixed, pg_partition_root(plain), plain)
),
served AS (
    SELECT name, oid, relkind
    FROM place
    WHERE NOT write_locked
      AND (:'half' = 'whole' OR in_main = (:'half' = 'main'))
),
-- What a condition may name.
there (what) AS (
    SELECT name::text FROM served
    UNION ALL
    SELECT s.name || '.' || a.attname
    FROM served AS s
    JOIN pg_attribute AS a ON a.attrelid = s.oid AND NOT a.attisdropped
    UNION ALL
    SELECT 'apart' WHERE :'half' <> 'whole'
    UNION ALL
    SELECT 'statistics' WHERE :'statistics' <> 'off'
    UNION ALL
    SELECT 'recount' WHERE :'half' <> 'whole' AND :'statistics' <> 'off'
    UNION ALL
    -- GitLab counts pipeline artifacts in storage_size until partition_id is
    -- there.
    SELECT 'with_storage'
    WHERE :'statistics' = 'with-storage'
       OR (:'statistics' = 'auto'
           AND NOT EXISTS (SELECT
                           FROM place AS p
                           JOIN pg_attribute AS a ON a.attrelid = p.oid
                           WHERE p.name = 'ci_pipeline_artifacts'
                             AND a.attname = 'partition_id'
                             AND NOT a.attisdropped))
    UNION ALL
    SELECT 'parted_metadata'
    FROM served
    WHERE name = 'ci_build_trace_metadata' AND relkind = 'p'
    UNION ALL
    SELECT 'records_deletions'
    WHERE EXISTS (SELECT
                  FROM served AS s
                  JOIN needed AS n
                      ON n.name = s.name AND n.privilege = 'DELETE'
                  JOIN pg_trigger AS t ON t.tgrelid = s.oid
                  JOIN pg_proc AS f ON f.oid = t.tgfoid
                  WHERE f.proname LIKE 'insert\_into\_loose\_foreign\_keys\_%')
),
wanted AS (
    SELECT n.privilege, s.name, s.oid::regclass AS relation,
           n.columns = '' AS is_whole,
           (SELECT string_agg(quote_ident(word), ', ')
            FROM unnest(string_to_array(n.columns, ' ')) AS word
            WHERE n.name || '.' || word IN (SELECT what FROM there))
               AS columns
    FROM needed AS n
    JOIN served AS s ON s.name = n.name
    WHERE (n.what_for LIKE 'plan%' OR NOT :'plan'::boolean)
      AND (n.what_for NOT LIKE '%jobs' OR :'jobs'::boolean)
      AND NOT EXISTS (
          SELECT
          FROM unnest(string_to_array(n.condition, ' ')) AS word
          WHERE (ltrim(word, '!') IN (SELECT what FROM there)) =
                (word LIKE '!%'))
)
SELECT format('GRANT %s%s ON %s TO %I', privilege, ' (' || columns || ')',
              relation, :'role')
FROM wanted
WHERE privilege <> 'USAGE' AND (is_whole OR columns IS NOT NULL)
UNION ALL
-- A trigger that gives ids takes them from the sequence that once was the
-- default, under the table's first name.
SELECT format('GRANT USAGE ON SEQUENCE %s TO %I', sequence, :'role')
FROM wanted
CROSS JOIN LATERAL (
    SELECT coalesce(pg_get_serial_sequence(relation::text, 'id'),
                    to_regclass(format('%I.%I', :'schema',
                                       name || '_id_seq'))::text)) AS s (sequence)
WHERE privilege = 'USAGE' AND sequence IS NOT NULL
\gexec

COMMIT;
