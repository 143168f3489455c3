-- Artifacts, the queue of objects, and traces, as GitLab 13.12 has them.

-- file_store: 1 local, 2 remote.  The verification columns are Geo's.
CREATE TABLE ci_pipeline_artifacts (
    id bigserial PRIMARY KEY,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    pipeline_id bigint NOT NULL REFERENCES ci_pipelines ON DELETE CASCADE,
    project_id bigint NOT NULL REFERENCES projects ON DELETE CASCADE,
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
    verification_failure text CHECK (char_length(verification_failure) <= 255)
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
    id serial PRIMARY KEY,
    project_id integer NOT NULL REFERENCES projects ON DELETE CASCADE,
    job_id integer NOT NULL REFERENCES ci_builds ON DELETE CASCADE,
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
    id_convert_to_bigint bigint NOT NULL DEFAULT 0,
    job_id_convert_to_bigint bigint NOT NULL DEFAULT 0
);

CREATE INDEX index_ci_job_artifacts_for_terraform_reports
    ON ci_job_artifacts (project_id, id) WHERE file_type = 18;
CREATE INDEX index_ci_job_artifacts_id_for_terraform_reports
    ON ci_job_artifacts (id) WHERE file_type = 18;
CREATE INDEX index_ci_job_artifacts_on_expire_at_and_job_id
    ON ci_job_artifacts (expire_at, job_id);
CREATE INDEX index_ci_job_artifacts_on_file_store
    ON ci_job_artifacts (file_store);
CREATE UNIQUE INDEX index_ci_job_artifacts_on_job_id_and_file_type
    ON ci_job_artifacts (job_id, file_type);
CREATE INDEX index_ci_job_artifacts_on_project_id
    ON ci_job_artifacts (project_id);
CREATE INDEX index_ci_job_artifacts_on_project_id_for_security_reports
    ON ci_job_artifacts (project_id) WHERE file_type IN (5, 6, 7, 8);

CREATE FUNCTION trigger_be1804f21693() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW.id_convert_to_bigint := NEW.id;
    NEW.job_id_convert_to_bigint := NEW.job_id;
    RETURN NEW;
END $$;

CREATE TRIGGER trigger_be1804f21693
    BEFORE INSERT OR UPDATE ON ci_job_artifacts
    FOR EACH ROW EXECUTE FUNCTION trigger_be1804f21693();

-- data_store: 1 Redis (shared state), 2 raw_data, 3 object storage, 4 Redis.
CREATE TABLE ci_build_trace_chunks (
    id bigserial PRIMARY KEY,
    build_id integer NOT NULL REFERENCES ci_builds ON DELETE CASCADE,
    chunk_index integer NOT NULL,
    data_store integer NOT NULL,
    raw_data bytea,
    checksum bytea,
    lock_version integer NOT NULL DEFAULT 0,
    build_id_convert_to_bigint bigint NOT NULL DEFAULT 0
);

CREATE UNIQUE INDEX index_ci_build_trace_chunks_on_build_id_and_chunk_index
    ON ci_build_trace_chunks (build_id, chunk_index);

CREATE FUNCTION trigger_cf2f9e35f002() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW.build_id_convert_to_bigint := NEW.build_id;
    RETURN NEW;
END $$;

CREATE TRIGGER trigger_cf2f9e35f002
    BEFORE INSERT OR UPDATE ON ci_build_trace_chunks
    FOR EACH ROW EXECUTE FUNCTION trigger_cf2f9e35f002();

-- As db/schema_builds.sql writes it, with the keys of this version.
CREATE TABLE ci_build_pending_states (
    id bigserial PRIMARY KEY,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    build_id integer NOT NULL REFERENCES ci_builds ON DELETE CASCADE,
    state smallint,
    failure_reason smallint,
    trace_checksum bytea
);

CREATE UNIQUE INDEX index_ci_build_pending_states_on_build_id
    ON ci_build_pending_states (build_id);
