-- The tables that ci-janitor touches, as GitLab 15.5 (autumn 2022) has them:
-- column names, types, defaults, checks, keys and the indexes that decide what
-- a statement costs.  For demos, smoke runs, tests and benchmarks only: a real
-- database has them already, and many more.

-- What statistics and artifacts belong to.  GitLab's table has some 80 columns
-- more; a project that is pending_delete keeps its statistics as they are.
CREATE TABLE projects (
    id serial PRIMARY KEY,
    name character varying,
    namespace_id integer NOT NULL,
    pending_delete boolean DEFAULT false
);

-- Bytes by kind, one row a project; some projects have none.  storage_size is
-- the sum of the others that count, pipeline_artifacts_size among them up to
-- GitLab 16.
CREATE TABLE project_statistics (
    id serial PRIMARY KEY,
    project_id integer NOT NULL REFERENCES projects ON DELETE CASCADE,
    namespace_id integer NOT NULL,
    commit_count bigint NOT NULL DEFAULT 0,
    storage_size bigint NOT NULL DEFAULT 0,
    repository_size bigint NOT NULL DEFAULT 0,
    lfs_objects_size bigint NOT NULL DEFAULT 0,
    build_artifacts_size bigint NOT NULL DEFAULT 0,
    shared_runners_seconds bigint NOT NULL DEFAULT 0,
    shared_runners_seconds_last_reset timestamp without time zone,
    packages_size bigint NOT NULL DEFAULT 0,
    wiki_size bigint,
    snippets_size bigint,
    pipeline_artifacts_size bigint NOT NULL DEFAULT 0,
    uploads_size bigint NOT NULL DEFAULT 0,
    container_registry_size bigint NOT NULL DEFAULT 0,
    created_at timestamp with time zone NOT NULL DEFAULT now(),
    updated_at timestamp with time zone NOT NULL DEFAULT now()
);

CREATE UNIQUE INDEX index_project_statistics_on_project_id
    ON project_statistics (project_id);
CREATE INDEX index_project_statistics_on_namespace_id
    ON project_statistics (namespace_id);
-- storage_size is indexed, so an update of it is never heap-only: each costs
-- an entry in every index of the table.
CREATE INDEX index_project_statistics_on_storage_size_and_project_id
    ON project_statistics (storage_size, project_id);
CREATE INDEX index_project_statistics_on_repository_size_and_project_id
    ON project_statistics (repository_size, project_id);
CREATE INDEX index_project_statistics_on_wiki_size_and_project_id
    ON project_statistics (wiki_size, project_id);
CREATE INDEX index_project_statistics_on_packages_size_and_project_id
    ON project_statistics (packages_size, project_id);

-- locked: 0 unlocked, 1 artifacts_locked.  Left out: the columns that name a
-- merge request, a schedule or an external pull request, what a failed
-- configuration said, and 16 of the 23 indexes; kept are those that a lock, a
-- status or a blocked user's pipelines are found or updated through.
CREATE TABLE ci_pipelines (
    id serial PRIMARY KEY,
    ref character varying,
    sha character varying,
    created_at timestamp without time zone,
    updated_at timestamp without time zone,
    tag boolean DEFAULT false,
    project_id integer,
    status character varying,
    started_at timestamp without time zone,
    finished_at timestamp without time zone,
    duration integer,
    user_id integer,
    lock_version integer DEFAULT 0 CHECK (lock_version IS NOT NULL),
    source integer,
    config_source integer,
    failure_reason integer,
    iid integer,
    ci_ref_id bigint,
    locked smallint NOT NULL DEFAULT 1,
    partition_id bigint NOT NULL DEFAULT 100
);

CREATE UNIQUE INDEX index_ci_pipelines_on_project_id_and_iid
    ON ci_pipelines (project_id, iid) WHERE iid IS NOT NULL;
CREATE INDEX index_ci_pipelines_on_project_id_and_id_desc
    ON ci_pipelines (project_id, id DESC);
CREATE INDEX index_ci_pipelines_on_status_and_id
    ON ci_pipelines (status, id);
CREATE INDEX index_ci_pipelines_on_user_id_and_id_and_cancelable_status
    ON ci_pipelines (user_id, id)
    WHERE status::text IN ('running', 'waiting_for_resource', 'preparing',
                           'pending', 'created', 'scheduled');
CREATE INDEX index_ci_pipelines_on_user_id_and_created_at_and_source
    ON ci_pipelines (user_id, created_at, source);
CREATE INDEX index_ci_pipelines_on_ci_ref_id_and_more
    ON ci_pipelines (ci_ref_id, id DESC, source, status)
    WHERE ci_ref_id IS NOT NULL;
CREATE INDEX idx_ci_pipelines_artifacts_locked
    ON ci_pipelines (ci_ref_id, id) WHERE locked = 1;

-- file_store: 1 local, 2 remote.  file_type: 1 code_coverage, 2
-- code_quality_mr_diff.  locked: 0 unlocked, 1 artifacts_locked, 2 unknown, and
-- NULL where nobody ever wrote it; the pipeline's own column is the truth.  The
-- verification columns are Geo's.
CREATE TABLE ci_pipeline_artifacts (
    id bigserial PRIMARY KEY,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    pipeline_id bigint NOT NULL REFERENCES ci_pipelines ON DELETE CASCADE,
    project_id bigint NOT NULL,
    size integer NOT NULL,
    file_store smallint NOT NULL DEFAULT 1,
    file_type smallint NOT NULL,
    file_format smallint NOT NULL,
    file text CHECK (file IS NOT NULL) CHECK (char_length(file) <= 255),
    expire_at timestamp with time zone,
    verification_started_at timestamp with time zone,
    verification_retry_at timestamp with time zone,
    verified_at timestamp with time zone,
    verification_state smallint NOT NULL DEFAULT 0,
    verification_retry_count smallint,
    verification_checksum bytea,
    verification_failure text CHECK (char_length(verification_failure) <= 255),
    locked smallint DEFAULT 2
);

CREATE INDEX index_ci_pipeline_artifacts_on_expire_at
    ON ci_pipeline_artifacts (expire_at);
-- What the unlocked pass lives on.  It knows expire_at alone: rows that share
-- one come in no order.
CREATE INDEX ci_pipeline_artifacts_on_expire_at_for_removal
    ON ci_pipeline_artifacts (expire_at)
    WHERE locked = 0 AND expire_at IS NOT NULL;
CREATE INDEX index_ci_pipeline_artifacts_on_pipeline_id
    ON ci_pipeline_artifacts (pipeline_id);
CREATE UNIQUE INDEX index_ci_pipeline_artifacts_on_pipeline_id_and_file_type
    ON ci_pipeline_artifacts (pipeline_id, file_type);
CREATE INDEX index_ci_pipeline_artifacts_on_project_id
    ON ci_pipeline_artifacts (project_id);
CREATE INDEX index_ci_pipeline_artifacts_verification_state
    ON ci_pipeline_artifacts (verification_state);
CREATE INDEX index_ci_pipeline_artifacts_pending_verification
    ON ci_pipeline_artifacts (verified_at NULLS FIRST)
    WHERE verification_state = 0;
CREATE INDEX index_ci_pipeline_artifacts_failed_verification
    ON ci_pipeline_artifacts (verification_retry_at NULLS FIRST)
    WHERE verification_state = 3;
CREATE INDEX index_ci_pipeline_artifacts_needs_verification
    ON ci_pipeline_artifacts (verification_state)
    WHERE verification_state = 0 OR verification_state = 3;

-- The queue of objects whose rows are gone.  pick_up_at is when an entry is due
-- and, moved ahead, the lease of whoever is removing its object.
CREATE TABLE ci_deleted_objects (
    id bigserial PRIMARY KEY,
    file_store smallint NOT NULL DEFAULT 1,
    pick_up_at timestamp with time zone NOT NULL DEFAULT now(),
    store_dir text NOT NULL CHECK (char_length(store_dir) <= 1024),
    file text NOT NULL
);

CREATE INDEX index_ci_deleted_objects_on_pick_up_at
    ON ci_deleted_objects (pick_up_at);
