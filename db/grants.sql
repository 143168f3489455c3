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

COMMIT;
