-- The rest of db/schema.sql: users, jobs and their traces, as GitLab 15.5 has
-- them.

-- Who started a pipeline.  GitLab's table has some 80 columns more; of the
-- states only `blocked` matters here, and none that merely looks like it.
CREATE TABLE users (
    id serial PRIMARY KEY,
    state character varying
);

CREATE INDEX index_users_on_state ON users (state);

CREATE TABLE ci_pipeline_schedules (
    id serial PRIMARY KEY,
    description character varying,
    ref character varying,
    cron character varying,
    project_id integer,
    owner_id integer,
    active boolean DEFAULT true,
    created_at timestamp without time zone,
    updated_at timestamp without time zone
);

CREATE INDEX index_ci_pipeline_schedules_on_owner_id
    ON ci_pipeline_schedules (owner_id);

-- status: 0 unknown, 1 success, 2 failed, 3 fixed, 4 broken, 5 still failing.
CREATE TABLE ci_refs (
    id bigserial PRIMARY KEY,
    project_id bigint NOT NULL,
    lock_version integer NOT NULL DEFAULT 0,
    status smallint NOT NULL DEFAULT 0,
    ref_path text NOT NULL
);

CREATE UNIQUE INDEX index_ci_refs_on_project_id_and_ref_path
    ON ci_refs (project_id, ref_path);

-- status: 0 created, 1 pending, 2 running, 3 success, 4 failed, 5 canceled,
-- 6 skipped, 7 manual, 8 scheduled, 9 preparing, 10 waiting_for_resource.
CREATE TABLE ci_stages (
    project_id integer,
    pipeline_id integer REFERENCES ci_pipelines ON DELETE CASCADE,
    created_at timestamp without time zone,
    updated_at timestamp without time zone,
    name character varying,
    status integer,
    lock_version integer DEFAULT 0 CHECK (lock_version IS NOT NULL),
    position integer,
    id bigserial PRIMARY KEY,
    partition_id bigint NOT NULL DEFAULT 100
);

CREATE INDEX index_ci_stages_on_pipeline_id ON ci_stages (pipeline_id);
CREATE INDEX index_ci_stages_on_pipeline_id_and_id
    ON ci_stages (pipeline_id, id) WHERE status IN (0, 1, 2, 8, 9, 10);
CREATE UNIQUE INDEX index_ci_stages_on_pipeline_id_and_name
    ON ci_stages (pipeline_id, name);
CREATE INDEX index_ci_stages_on_pipeline_id_and_position
    ON ci_stages (pipeline_id, position);
CREATE INDEX index_ci_stages_on_project_id ON ci_stages (project_id);

CREATE TABLE ci_resource_groups (
    id bigserial PRIMARY KEY,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    project_id bigint NOT NULL,
    key character varying(255) NOT NULL,
    process_mode smallint NOT NULL DEFAULT 0
);

CREATE UNIQUE INDEX index_ci_resource_groups_on_project_id_and_key
    ON ci_resource_groups (project_id, key);

-- Jobs of every type: Ci::Build, Ci::Bridge, GenericCommitStatus.  Times
-- without a time zone are UTC.  Left out: the columns that say how a job is
-- run, and half of the indexes; kept are those that a status is found by, or
-- that a change of it writes to.
CREATE TABLE ci_builds (
    status character varying,
    finished_at timestamp without time zone,
    created_at timestamp without time zone,
    updated_at timestamp without time zone,
    started_at timestamp without time zone,
    runner_id integer,
    coverage double precision,
    commit_id integer REFERENCES ci_pipelines ON DELETE CASCADE,
    name character varying,
    allow_failure boolean NOT NULL DEFAULT false,
    stage character varying,
    stage_idx integer,
    ref character varying,
    user_id integer,
    type character varying,
    project_id integer,
    "when" character varying,
    queued_at timestamp without time zone,
    lock_version integer DEFAULT 0,
    auto_canceled_by_id integer,
    retried boolean,
    protected boolean,
    failure_reason integer,
    scheduled_at timestamp with time zone,
    token_encrypted character varying,
    resource_group_id bigint REFERENCES ci_resource_groups ON DELETE SET NULL,
    waiting_for_resource_at timestamp with time zone,
    processed boolean,
    id bigserial PRIMARY KEY,
    stage_id bigint REFERENCES ci_stages ON DELETE CASCADE,
    partition_id bigint NOT NULL DEFAULT 100
);

CREATE INDEX index_ci_builds_on_commit_id_and_stage_idx_and_created_at
    ON ci_builds (commit_id, stage_idx, created_at);
CREATE INDEX index_ci_builds_on_commit_id_and_status_and_type
    ON ci_builds (commit_id, status, type);
CREATE INDEX index_ci_builds_on_project_id_and_id ON ci_builds (project_id, id);
CREATE INDEX index_ci_builds_on_stage_id ON ci_builds (stage_id);
CREATE INDEX index_ci_builds_on_status_and_type_and_runner_id
    ON ci_builds (status, type, runner_id);
CREATE UNIQUE INDEX index_ci_builds_on_token_encrypted
    ON ci_builds (token_encrypted) WHERE token_encrypted IS NOT NULL;
CREATE INDEX index_ci_builds_on_updated_at ON ci_builds (updated_at);
CREATE INDEX index_ci_builds_on_user_id ON ci_builds (user_id);
CREATE INDEX index_ci_builds_project_id_and_status_for_live_jobs_partial2
    ON ci_builds (project_id, status)
    WHERE type::text = 'Ci::Build' AND
        status::text IN ('running', 'pending', 'created');
CREATE INDEX index_ci_builds_runner_id_running
    ON ci_builds (runner_id)
    WHERE status::text = 'running' AND type::text = 'Ci::Build';
CREATE INDEX index_ci_builds_on_resource_group_and_status_and_commit_id
    ON ci_builds (resource_group_id, status, commit_id)
    WHERE resource_group_id IS NOT NULL;
CREATE INDEX partial_index_ci_builds_on_scheduled_at_with_scheduled_jobs
    ON ci_builds (scheduled_at)
    WHERE scheduled_at IS NOT NULL AND type::text = 'Ci::Build' AND
        status::text = 'scheduled';

-- What a runner may pick, what a runner has picked, and the session that a
-- web terminal talks to.
CREATE TABLE ci_pending_builds (
    id bigserial PRIMARY KEY,
    build_id bigint NOT NULL REFERENCES ci_builds ON DELETE CASCADE,
    project_id bigint NOT NULL,
    created_at timestamp with time zone NOT NULL DEFAULT now(),
    protected boolean NOT NULL DEFAULT false,
    instance_runners_enabled boolean NOT NULL DEFAULT false
);

CREATE UNIQUE INDEX index_ci_pending_builds_on_build_id
    ON ci_pending_builds (build_id);

CREATE TABLE ci_running_builds (
    id bigserial PRIMARY KEY,
    build_id bigint NOT NULL REFERENCES ci_builds ON DELETE CASCADE,
    project_id bigint NOT NULL,
    runner_id bigint NOT NULL,
    created_at timestamp with time zone NOT NULL DEFAULT now(),
    runner_type smallint NOT NULL
);

CREATE UNIQUE INDEX index_ci_running_builds_on_build_id
    ON ci_running_builds (build_id);

CREATE TABLE ci_builds_runner_session (
    id bigserial PRIMARY KEY,
    build_id bigint NOT NULL REFERENCES ci_builds ON DELETE CASCADE,
    url character varying NOT NULL
);

CREATE UNIQUE INDEX index_ci_builds_runner_session_on_build_id
    ON ci_builds_runner_session (build_id);

-- One resource of a group is held by one job.
CREATE TABLE ci_resources (
    id bigserial PRIMARY KEY,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    resource_group_id bigint NOT NULL
        REFERENCES ci_resource_groups ON DELETE CASCADE,
    build_id bigint REFERENCES ci_builds ON DELETE SET NULL
);

CREATE INDEX index_ci_resources_on_build_id ON ci_resources (build_id);
CREATE UNIQUE INDEX index_ci_resources_on_resource_group_id_and_build_id
    ON ci_resources (resource_group_id, build_id);

-- status: 0 created, 1 running, 2 success, 3 failed, 4 canceled, 5 skipped,
-- 6 blocked.
CREATE TABLE deployments (
    id serial PRIMARY KEY,
    project_id integer NOT NULL,
    deployable_type character varying,
    deployable_id bigint,
    status smallint NOT NULL,
    created_at timestamp without time zone,
    updated_at timestamp without time zone,
    finished_at timestamp with time zone
);

CREATE INDEX index_deployments_on_deployable_type_and_deployable_id
    ON deployments (deployable_type, deployable_id);

-- A job's log while it is written, in pieces of 128 KiB.  data_store: 1 Redis
-- (shared state), 2 raw_data, 3 object storage, 4 Redis (trace chunks).
CREATE TABLE ci_build_trace_chunks (
    id bigserial PRIMARY KEY,
    chunk_index integer NOT NULL,
    data_store integer NOT NULL,
    raw_data bytea,
    checksum bytea,
    lock_version integer NOT NULL DEFAULT 0,
    build_id bigint NOT NULL REFERENCES ci_builds ON DELETE CASCADE
);

CREATE UNIQUE INDEX index_ci_build_trace_chunks_on_build_id_and_chunk_index
    ON ci_build_trace_chunks (build_id, chunk_index);

-- What a runner said when it ended a job.
CREATE TABLE ci_build_pending_states (
    id bigserial PRIMARY KEY,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    build_id bigint NOT NULL REFERENCES ci_builds ON DELETE CASCADE,
    state smallint,
    failure_reason smallint,
    trace_checksum bytea
);

CREATE UNIQUE INDEX index_ci_build_pending_states_on_build_id
    ON ci_build_pending_states (build_id);

-- file_type 3 is an archived log.
CREATE TABLE ci_job_artifacts (
    project_id integer NOT NULL,
    file_type integer NOT NULL,
    size bigint,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    expire_at timestamp with time zone,
    file character varying,
    file_store integer DEFAULT 1 CHECK (file_store IS NOT NULL),
    file_sha256 bytea,
    file_format smallint,
    file_location smallint,
    id bigserial PRIMARY KEY,
    job_id bigint NOT NULL REFERENCES ci_builds ON DELETE CASCADE,
    locked smallint DEFAULT 2,
    original_filename text CHECK (char_length(original_filename) <= 512),
    partition_id bigint NOT NULL DEFAULT 100
);

CREATE UNIQUE INDEX index_ci_job_artifacts_on_job_id_and_file_type
    ON ci_job_artifacts (job_id, file_type);
CREATE INDEX index_ci_job_artifacts_on_expire_at_and_job_id
    ON ci_job_artifacts (expire_at, job_id);
CREATE INDEX index_ci_job_artifacts_on_file_store
    ON ci_job_artifacts (file_store);
CREATE INDEX index_ci_job_artifacts_on_project_id_and_id
    ON ci_job_artifacts (project_id, id);

CREATE TABLE ci_build_trace_metadata (
    build_id bigint PRIMARY KEY REFERENCES ci_builds ON DELETE CASCADE,
    trace_artifact_id bigint REFERENCES ci_job_artifacts ON DELETE CASCADE,
    archival_attempts smallint NOT NULL DEFAULT 0,
    checksum bytea,
    remote_checksum bytea,
    last_archival_attempt_at timestamp with time zone,
    archived_at timestamp with time zone
);

CREATE INDEX index_ci_build_trace_metadata_on_trace_artifact_id
    ON ci_build_trace_metadata (trace_artifact_id);
