-- Artifacts, the queue of objects, and traces, as GitLab 16.6 has them.

-- file_store: 1 local, 2 remote.  The verification columns are Geo's.
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
    file text CHECK (char_length(file) <= 255) CHECK (file IS NOT NULL),
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

CREATE INDEX index_ci_pipeline_artifacts_failed_verification
    ON ci_pipeline_artifacts (verification_retry_at NULLS FIRST)
    WHERE verification_state = 3;
CREATE INDEX index_ci_pipeline_artifacts_needs_verification
    ON ci_pipeline_artifacts (verification_state)
    WHERE verification_state = 0 OR verification_state = 3;
CREATE INDEX index_ci_pipeline_artifacts_on_expire_at
    ON ci_pipeline_artifacts (expire_at);
CREATE INDEX index_ci_pipeline_artifacts_on_pipeline_id
    ON ci_pipeline_artifacts (pipeline_id);
CREATE UNIQUE INDEX index_ci_pipeline_artifacts_on_pipeline_id_and_file_type
    ON ci_pipeline_artifacts (pipeline_id, file_type);
CREATE INDEX index_ci_pipeline_artifacts_on_project_id
    ON ci_pipeline_artifacts (project_id);
CREATE INDEX index_ci_pipeline_artifacts_pending_verification
    ON ci_pipeline_artifacts (verified_at NULLS FIRST)
    WHERE verification_state = 0;
CREATE INDEX index_ci_pipeline_artifacts_verification_state
    ON ci_pipeline_artifacts (verification_state);
CREATE INDEX ci_pipeline_artifacts_on_expire_at_for_removal
    ON ci_pipeline_artifacts (expire_at)
    WHERE locked = 0 AND expire_at IS NOT NULL;

-- pick_up_at is when an entry is due and, moved ahead, a lease.
CREATE TABLE ci_deleted_objects (
    id bigserial PRIMARY KEY,
    file_store smallint NOT NULL DEFAULT 1,
    pick_up_at timestamp with time zone NOT NULL DEFAULT now(),
    store_dir text NOT NULL CHECK (char_length(store_dir) <= 1024),
    file text NOT NULL
);

CREATE INDEX index_ci_deleted_objects_on_pick_up_at
    ON ci_deleted_objects (pick_up_at);

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
    job_id bigint NOT NULL,
    locked smallint DEFAULT 2,
    partition_id bigint NOT NULL,
    accessibility smallint NOT NULL DEFAULT 0,
    file_final_path text CHECK (char_length(file_final_path) <= 1024),
    FOREIGN KEY (partition_id, job_id)
        REFERENCES p_ci_builds (partition_id, id)
        ON UPDATE CASCADE ON DELETE CASCADE
);

CREATE INDEX index_ci_job_artifacts_for_terraform_reports
    ON ci_job_artifacts (project_id, id) WHERE file_type = 18;
CREATE INDEX index_ci_job_artifacts_id_for_terraform_reports
    ON ci_job_artifacts (id) WHERE file_type = 18;
CREATE INDEX index_ci_job_artifacts_on_expire_at_and_job_id
    ON ci_job_artifacts (expire_at, job_id);
CREATE INDEX index_ci_job_artifacts_on_file_store
    ON ci_job_artifacts (file_store);
CREATE INDEX index_ci_job_artifacts_on_file_type_for_devops_adoption
    ON ci_job_artifacts (file_type, project_id, created_at)
    WHERE file_type IN (5, 6, 8, 23);
CREATE INDEX index_ci_job_artifacts_on_id_project_id_and_created_at
    ON ci_job_artifacts (project_id, created_at, id);
CREATE INDEX index_ci_job_artifacts_on_id_project_id_and_file_type
    ON ci_job_artifacts (project_id, file_type, id);
CREATE UNIQUE INDEX index_ci_job_artifacts_on_job_id_and_file_type
    ON ci_job_artifacts (job_id, file_type);
CREATE INDEX index_ci_job_artifacts_on_project_id
    ON ci_job_artifacts (project_id);
CREATE INDEX index_ci_job_artifacts_on_project_id_and_id
    ON ci_job_artifacts (project_id, id);
CREATE INDEX index_ci_job_artifacts_on_project_id_for_security_reports
    ON ci_job_artifacts (project_id) WHERE file_type IN (5, 6, 7, 8);
CREATE INDEX index_ci_job_artifacts_expire_at_unlocked_non_trace
    ON ci_job_artifacts (expire_at)
    WHERE locked = 0 AND file_type <> 3 AND expire_at IS NOT NULL;
CREATE INDEX index_ci_job_artifacts_on_file_final_path
    ON ci_job_artifacts (file_final_path) WHERE file_final_path IS NOT NULL;
CREATE INDEX index_ci_job_artifacts_on_partition_id_job_id
    ON ci_job_artifacts (partition_id, job_id);

-- data_store: 1 Redis (shared state), 2 raw_data, 3 object storage, 4 Redis.
CREATE TABLE ci_build_trace_chunks (
    id bigserial PRIMARY KEY,
    chunk_index integer NOT NULL,
    data_store integer NOT NULL,
    raw_data bytea,
    checksum bytea,
    lock_version integer NOT NULL DEFAULT 0,
    build_id bigint NOT NULL,
    partition_id bigint NOT NULL,
    FOREIGN KEY (partition_id, build_id)
        REFERENCES p_ci_builds (partition_id, id)
        ON UPDATE CASCADE ON DELETE CASCADE
);

CREATE UNIQUE INDEX index_ci_build_trace_chunks_on_build_id_and_chunk_index
    ON ci_build_trace_chunks (build_id, chunk_index);
CREATE INDEX index_ci_build_trace_chunks_on_partition_id_build_id
    ON ci_build_trace_chunks (partition_id, build_id);

CREATE TABLE ci_build_trace_metadata (
    build_id bigint PRIMARY KEY,
    trace_artifact_id bigint REFERENCES ci_job_artifacts ON DELETE CASCADE,
    archival_attempts smallint NOT NULL DEFAULT 0,
    checksum bytea,
    remote_checksum bytea,
    last_archival_attempt_at timestamp with time zone,
    archived_at timestamp with time zone,
    partition_id bigint NOT NULL,
    FOREIGN KEY (partition_id, build_id)
        REFERENCES p_ci_builds (partition_id, id)
        ON UPDATE CASCADE ON DELETE CASCADE
);

CREATE INDEX index_ci_build_trace_metadata_on_trace_artifact_id
    ON ci_build_trace_metadata (trace_artifact_id);
CREATE UNIQUE INDEX index_ci_build_trace_metadata_on_partition_id_build_id
    ON ci_build_trace_metadata (partition_id, build_id);

-- As db/schema_builds.sql writes it, with the keys of this version.
CREATE TABLE ci_build_pending_states (
    id bigserial PRIMARY KEY,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    build_id bigint NOT NULL,
    partition_id bigint NOT NULL,
    state smallint,
    failure_reason smallint,
    trace_checksum bytea,
    FOREIGN KEY (partition_id, build_id)
        REFERENCES p_ci_builds (partition_id, id)
        ON UPDATE CASCADE ON DELETE CASCADE
);

CREATE UNIQUE INDEX index_ci_build_pending_states_on_build_id
    ON ci_build_pending_states (build_id);
