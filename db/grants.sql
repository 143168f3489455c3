-- What ci-janitor needs on GitLab's database, and nothing besides: it never
-- creates, alters, truncates or owns anything.  `ci-janitor check` tells which
-- of these is missing.
--
-- For psql, as the owner of the tables.  The role has to be there already:
--
--     psql -d gitlabhq_production -c 'CREATE ROLE ci_janitor LOGIN'
--     psql -d gitlabhq_production -f db/grants.sql
--
-- Other names: psql -v role=NAME -v schema=NAME -f db/grants.sql
\set ON_ERROR_STOP on
\if :{?role}
\else
  \set role ci_janitor
\endif
\if :{?schema}
\else
  \set schema public
\endif

BEGIN;

GRANT CONNECT ON DATABASE :"DBNAME" TO :"role";
GRANT USAGE ON SCHEMA :"schema" TO :"role";

-- Artifacts are read and destroyed.  `locked` is where the legacy pass writes
-- an unknown state down; SELECT ... FOR UPDATE asks for UPDATE on a column too,
-- so a run with --max-resolve 0 needs it as well.
GRANT SELECT, DELETE, UPDATE (locked)
    ON :"schema".ci_pipeline_artifacts TO :"role";

-- The pipeline's own lock decides in the legacy pass.  The program never
-- updates this table: it holds rows FOR SHARE, which PostgreSQL allows only to
-- who may update some column, so this is the column that matters least.
GRANT SELECT (id, locked), UPDATE (updated_at)
    ON :"schema".ci_pipelines TO :"role";

-- The queue of objects whose rows are gone: entries are added, leased by
-- pick_up_at, and forgotten.
GRANT SELECT, INSERT, DELETE, UPDATE (pick_up_at)
    ON :"schema".ci_deleted_objects TO :"role";
GRANT USAGE ON SEQUENCE :"schema".ci_deleted_objects_id_seq TO :"role";

-- The destroyed bytes are taken off.  storage_size is for a GitLab that counts
-- pipeline artifacts in it: one whose ci_pipeline_artifacts has no column
-- partition_id.  With the column it may be left out, twice.
GRANT SELECT (id, project_id, pipeline_artifacts_size, storage_size),
      UPDATE (pipeline_artifacts_size, storage_size)
    ON :"schema".project_statistics TO :"role";

-- A project that is about to be deleted keeps its statistics as they are.
GRANT SELECT (id, pending_delete) ON :"schema".projects TO :"role";

-- What follows is for the passes builds and traces; leave it out, and say
-- --passes unlocked,legacy,objects, if they are not wanted.  A table that this
-- GitLab does not have is passed over.
CREATE FUNCTION pg_temp.grant_if_there(privileges text, tables text, role text,
                                       schema text)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF to_regclass(format('%I.%I', schema, tables)) IS NOT NULL THEN
        EXECUTE format('GRANT %s ON %I.%I TO %I', privileges, schema, tables,
                       role);
    END IF;
END $$;

-- Its answers are empty, and nobody wants to read them.
\o /dev/null

-- Who is blocked, and the schedules that must start no more.
SELECT pg_temp.grant_if_there('SELECT (id, state)', 'users', :'role',
                              :'schema');
SELECT pg_temp.grant_if_there('SELECT (id, owner_id, active), UPDATE (active)',
                              'ci_pipeline_schedules', :'role', :'schema');

-- Jobs are dropped: never read is what a job is made of, its token least of
-- all.
SELECT pg_temp.grant_if_there(
    'SELECT (id, commit_id, project_id, type, status, stage_idx,
             allow_failure, retried, processed, lock_version, failure_reason,
             started_at, finished_at, updated_at, scheduled_at,
             resource_group_id, partition_id),
     UPDATE (status, failure_reason, finished_at, updated_at, processed,
             scheduled_at, token_encrypted, lock_version)',
    'ci_builds', :'role', :'schema');
SELECT pg_temp.grant_if_there('SELECT (id, build_id), DELETE', t, :'role',
                              :'schema')
FROM unnest(ARRAY['ci_pending_builds', 'ci_running_builds',
                  'ci_builds_runner_session']) AS t;
SELECT pg_temp.grant_if_there(
    'SELECT (id, resource_group_id, build_id), UPDATE (build_id)',
    'ci_resources', :'role', :'schema');
SELECT pg_temp.grant_if_there('SELECT (id, project_id, key)',
                              'ci_resource_groups', :'role', :'schema');
SELECT pg_temp.grant_if_there(
    'SELECT (deployable_type, deployable_id, status),
     UPDATE (status, finished_at, updated_at)',
    'deployments', :'role', :'schema');

-- Stages, pipelines and refs follow.
SELECT pg_temp.grant_if_there(
    'SELECT (id, pipeline_id, position, status, lock_version),
     UPDATE (status, updated_at, lock_version)',
    'ci_stages', :'role', :'schema');
SELECT pg_temp.grant_if_there(
    'SELECT (project_id, user_id, status, lock_version, started_at,
             finished_at, duration, ci_ref_id, source),
     UPDATE (status, lock_version, started_at, finished_at, duration)',
    'ci_pipelines', :'role', :'schema');
SELECT pg_temp.grant_if_there(
    'SELECT (auto_canceled_by_id), UPDATE (auto_canceled_by_id)',
    'ci_pipelines', :'role', :'schema')
WHERE EXISTS (SELECT FROM information_schema.columns
              WHERE table_schema = :'schema' AND table_name = 'ci_pipelines'
                AND column_name = 'auto_canceled_by_id');
SELECT pg_temp.grant_if_there(
    'SELECT (id, status, lock_version), UPDATE (status, lock_version)',
    'ci_refs', :'role', :'schema');

-- Traces are archived and their chunks forgotten.  UPDATE is for the lock
-- alone.
SELECT pg_temp.grant_if_there('SELECT, DELETE, UPDATE (data_store)',
                              'ci_build_trace_chunks', :'role', :'schema');
SELECT pg_temp.grant_if_there('SELECT (build_id), DELETE',
                              'ci_build_pending_states', :'role', :'schema');
SELECT pg_temp.grant_if_there(
    'SELECT (id, project_id, job_id, file_type, file, file_store, file_sha256,
             created_at),
     INSERT (project_id, job_id, file_type, created_at, updated_at,
             partition_id),
     UPDATE (file, file_store, file_sha256, size, updated_at)',
    'ci_job_artifacts', :'role', :'schema');
SELECT pg_temp.grant_if_there(
    'SELECT (build_id, trace_artifact_id, checksum, archived_at),
     INSERT (build_id, trace_artifact_id, checksum, archived_at),
     UPDATE (trace_artifact_id, checksum, archived_at)',
    'ci_build_trace_metadata', :'role', :'schema');
SELECT format('GRANT USAGE ON SEQUENCE %s TO %I',
              pg_get_serial_sequence(:'schema' || '.ci_job_artifacts', 'id'),
              :'role')
WHERE to_regclass(:'schema' || '.ci_job_artifacts') IS NOT NULL
  AND pg_get_serial_sequence(:'schema' || '.ci_job_artifacts', 'id')
      IS NOT NULL
\gexec
\o

-- For --wait-for-standby alone, by a superuser: how far the standbys are.
-- GRANT pg_read_all_stats TO ci_janitor;

COMMIT;
