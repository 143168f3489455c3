-- Jobs of every type, the queues and what jobs hold, as GitLab 15.5 has them.

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
    options text,
    allow_failure boolean NOT NULL DEFAULT false,
    stage character varying,
    trigger_request_id integer,
    stage_idx integer,
    tag boolean,
    ref character varying,
    user_id integer,
    type character varying,
    target_url character varying,
    description character varying,
    project_id integer,
    erased_by_id integer,
    erased_at timestamp without time zone,
    artifacts_expire_at timestamp without time zone,
    environment character varying,
    "when" character varying,
    yaml_variables text,
    queued_at timestamp without time zone,
    lock_version integer DEFAULT 0 CHECK (lock_version IS NOT NULL),
    coverage_regex character varying,
    auto_canceled_by_id integer REFERENCES ci_pipelines ON DELETE SET NULL,
    retried boolean,
    protected boolean,
    failure_reason integer,
    scheduled_at timestamp with time zone,
    token_encrypted character varying,
    upstream_pipeline_id integer REFERENCES ci_pipelines ON DELETE CASCADE,
    resource_group_id bigint REFERENCES ci_resource_groups ON DELETE SET NULL,
    waiting_for_resource_at timestamp with time zone,
    processed boolean,
    scheduling_type smallint,
    id bigserial PRIMARY KEY,
    stage_id bigint REFERENCES ci_stages ON DELETE CASCADE,
    partition_id bigint NOT NULL DEFAULT 100
);

CREATE INDEX index_ci_builds_on_auto_canceled_by_id
    ON ci_builds (auto_canceled_by_id);
CREATE INDEX index_ci_builds_on_commit_id_and_stage_idx_and_created_at
    ON ci_builds (commit_id, stage_idx, created_at);
CREATE INDEX index_ci_builds_on_commit_id_and_status_and_type
    ON ci_builds (commit_id, status, type);
CREATE INDEX index_ci_builds_on_commit_id_and_type_and_name_and_ref
    ON ci_builds (commit_id, type, name, ref);
CREATE INDEX index_ci_builds_on_commit_id_and_type_and_ref
    ON ci_builds (commit_id, type, ref);
CREATE INDEX index_ci_builds_on_commit_id_artifacts_expired_at_and_id
    ON ci_builds (commit_id, artifacts_expire_at, id)
    WHERE type::text = 'Ci::Build' AND (retried = false OR retried IS NULL)
        AND name::text IN ('sast', 'secret_detection',
        'dependency_scanning', 'container_scanning', 'dast');
CREATE INDEX index_ci_builds_on_project_id_and_id
    ON ci_builds (project_id, id);
CREATE INDEX index_ci_builds_on_project_id_and_name_and_ref
    ON ci_builds (project_id, name, ref)
    WHERE type::text = 'Ci::Build' AND status::text = 'success'
        AND (retried = false OR retried IS NULL);
CREATE INDEX index_ci_builds_on_runner_id_and_id_desc
    ON ci_builds (runner_id, id DESC);
CREATE INDEX index_ci_builds_on_stage_id ON ci_builds (stage_id);
CREATE INDEX index_ci_builds_on_status_and_type_and_runner_id
    ON ci_builds (status, type, runner_id);
CREATE UNIQUE INDEX index_ci_builds_on_token_encrypted
    ON ci_builds (token_encrypted) WHERE token_encrypted IS NOT NULL;
CREATE INDEX index_ci_builds_on_updated_at ON ci_builds (updated_at);
CREATE INDEX index_ci_builds_on_upstream_pipeline_id
    ON ci_builds (upstream_pipeline_id) WHERE upstream_pipeline_id IS NOT NULL;
CREATE INDEX index_ci_builds_on_user_id ON ci_builds (user_id);
CREATE INDEX index_ci_builds_on_user_id_and_created_at_and_type_eq_ci_build
    ON ci_builds (user_id, created_at) WHERE type::text = 'Ci::Build';
CREATE INDEX index_ci_builds_project_id_and_status_for_live_jobs_partial2
    ON ci_builds (project_id, status)
    WHERE type::text = 'Ci::Build' AND status::text IN ('running', 'pending',
        'created');
CREATE INDEX index_ci_builds_runner_id_running
    ON ci_builds (runner_id)
    WHERE status::text = 'running' AND type::text = 'Ci::Build';
CREATE INDEX ci_builds_gitlab_monitor_metrics
    ON ci_builds (status, created_at, project_id)
    WHERE type::text = 'Ci::Build';
CREATE INDEX index_ci_builds_on_resource_group_and_status_and_commit_id
    ON ci_builds (resource_group_id, status, commit_id)
    WHERE resource_group_id IS NOT NULL;
CREATE INDEX index_partial_ci_builds_on_user_id_name_parser_features
    ON ci_builds (user_id, name)
    WHERE type::text = 'Ci::Build' AND name::text IN ('container_scanning',
        'dast', 'dependency_scanning', 'license_management',
        'license_scanning', 'sast', 'coverage_fuzzing', 'secret_detection');
CREATE INDEX index_secure_ci_builds_on_user_id_name_created_at
    ON ci_builds (user_id, name, created_at)
    WHERE type::text = 'Ci::Build' AND name::text IN ('container_scanning',
        'dast', 'dependency_scanning', 'license_management',
        'license_scanning', 'sast', 'coverage_fuzzing', 'apifuzzer_fuzz',
        'apifuzzer_fuzz_dnd', 'secret_detection');
CREATE INDEX index_security_ci_builds_on_name_and_id_parser_features
    ON ci_builds (name, id)
    WHERE name::text IN ('container_scanning', 'dast', 'dependency_scanning',
        'license_management', 'sast', 'secret_detection',
        'coverage_fuzzing', 'license_scanning', 'apifuzzer_fuzz',
        'apifuzzer_fuzz_dnd') AND type::text = 'Ci::Build';
CREATE INDEX partial_index_ci_builds_on_scheduled_at_with_scheduled_jobs
    ON ci_builds (scheduled_at)
    WHERE scheduled_at IS NOT NULL AND type::text = 'Ci::Build'
        AND status::text = 'scheduled';

CREATE TRIGGER ci_builds_loose_fk_trigger
    AFTER DELETE ON ci_builds REFERENCING OLD TABLE AS old_table
    FOR EACH STATEMENT
    EXECUTE FUNCTION insert_into_loose_foreign_keys_deleted_records();

CREATE TABLE ci_builds_metadata (
    project_id integer NOT NULL,
    timeout integer,
    timeout_source integer NOT NULL DEFAULT 1,
    interruptible boolean,
    config_options jsonb,
    config_variables jsonb,
    has_exposed_artifacts boolean,
    environment_auto_stop_in character varying(255),
    expanded_environment_name character varying(255),
    secrets jsonb NOT NULL DEFAULT '{}',
    build_id bigint NOT NULL REFERENCES ci_builds ON DELETE CASCADE,
    id bigserial PRIMARY KEY,
    runtime_runner_features jsonb NOT NULL DEFAULT '{}',
    id_tokens jsonb NOT NULL DEFAULT '{}',
    partition_id bigint NOT NULL DEFAULT 100
);

CREATE INDEX index_ci_builds_metadata_on_build_id_and_has_exposed_artifacts
    ON ci_builds_metadata (build_id) WHERE has_exposed_artifacts IS TRUE;
CREATE INDEX index_ci_builds_metadata_on_build_id_and_id_and_interruptible
    ON ci_builds_metadata (build_id) INCLUDE (id) WHERE interruptible = true;
CREATE INDEX index_ci_builds_metadata_on_project_id
    ON ci_builds_metadata (project_id);
CREATE UNIQUE INDEX index_ci_builds_metadata_on_build_id_partition_id_unique
    ON ci_builds_metadata (build_id, partition_id);
CREATE UNIQUE INDEX index_ci_builds_metadata_on_id_partition_id_unique
    ON ci_builds_metadata (id, partition_id);

CREATE TABLE ci_pending_builds (
    id bigserial PRIMARY KEY,
    build_id bigint NOT NULL REFERENCES ci_builds ON DELETE CASCADE,
    project_id bigint NOT NULL,
    created_at timestamp with time zone NOT NULL DEFAULT now(),
    protected boolean NOT NULL DEFAULT false,
    instance_runners_enabled boolean NOT NULL DEFAULT false,
    namespace_id bigint,
    minutes_exceeded boolean NOT NULL DEFAULT false,
    tag_ids integer[] DEFAULT '{}',
    namespace_traversal_ids integer[] DEFAULT '{}'
);

CREATE INDEX index_ci_pending_builds_id_on_protected_partial
    ON ci_pending_builds (id) WHERE protected = true;
CREATE UNIQUE INDEX index_ci_pending_builds_on_build_id
    ON ci_pending_builds (build_id);
CREATE INDEX index_ci_pending_builds_on_namespace_id
    ON ci_pending_builds (namespace_id);
CREATE INDEX index_ci_pending_builds_on_project_id
    ON ci_pending_builds (project_id);
CREATE INDEX index_ci_pending_builds_on_tag_ids
    ON ci_pending_builds (tag_ids) WHERE cardinality(tag_ids) > 0;

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
CREATE INDEX index_ci_running_builds_on_project_id
    ON ci_running_builds (project_id);
CREATE INDEX index_ci_running_builds_on_runner_id
    ON ci_running_builds (runner_id);

-- As db/schema_builds.sql writes it, with the keys of this version.
CREATE TABLE ci_builds_runner_session (
    id bigserial PRIMARY KEY,
    build_id bigint NOT NULL REFERENCES ci_builds ON DELETE CASCADE,
    url character varying NOT NULL
);

CREATE UNIQUE INDEX index_ci_builds_runner_session_on_build_id
    ON ci_builds_runner_session (build_id);

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

-- As db/schema_builds.sql writes it.  status: 0 created, 1 running, 2 success,
-- 3 failed, 4 canceled, 5 skipped, 6 blocked.
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
