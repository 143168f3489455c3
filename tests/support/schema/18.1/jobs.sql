-- Jobs of every type, the queues and what jobs hold, as GitLab 18.1 has them.

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

-- Ids are assigned by a trigger, whatever is given.  A DELETE is noted under the
-- root's name, and only if it names the root.
CREATE SEQUENCE ci_builds_id_seq;
CREATE TABLE p_ci_builds (
    status character varying,
    finished_at timestamp without time zone,
    created_at timestamp without time zone,
    updated_at timestamp without time zone,
    started_at timestamp without time zone,
    coverage double precision,
    name character varying,
    options text,
    allow_failure boolean NOT NULL DEFAULT false,
    stage_idx integer,
    tag boolean,
    ref character varying,
    type character varying,
    target_url character varying,
    description character varying,
    erased_at timestamp without time zone,
    artifacts_expire_at timestamp without time zone,
    environment character varying,
    "when" character varying,
    yaml_variables text,
    queued_at timestamp without time zone,
    lock_version integer DEFAULT 0 CHECK (lock_version IS NOT NULL),
    coverage_regex character varying,
    retried boolean,
    protected boolean,
    failure_reason integer,
    scheduled_at timestamp with time zone,
    token_encrypted character varying,
    resource_group_id bigint REFERENCES ci_resource_groups ON DELETE SET NULL,
    waiting_for_resource_at timestamp with time zone,
    processed boolean,
    scheduling_type smallint,
    id bigint NOT NULL,
    stage_id bigint,
    partition_id bigint NOT NULL,
    auto_canceled_by_partition_id bigint,
    auto_canceled_by_id bigint,
    commit_id bigint,
    erased_by_id bigint,
    project_id bigint CHECK (project_id IS NOT NULL),
    runner_id bigint,
    upstream_pipeline_id bigint,
    user_id bigint,
    execution_config_id bigint,
    upstream_pipeline_partition_id bigint,
    PRIMARY KEY (id, partition_id),
    FOREIGN KEY (partition_id, stage_id)
        REFERENCES p_ci_stages (partition_id, id)
        ON UPDATE CASCADE ON DELETE CASCADE,
    FOREIGN KEY (upstream_pipeline_partition_id, upstream_pipeline_id)
        REFERENCES p_ci_pipelines (partition_id, id)
        ON UPDATE CASCADE ON DELETE CASCADE,
    FOREIGN KEY (auto_canceled_by_partition_id, auto_canceled_by_id)
        REFERENCES p_ci_pipelines (partition_id, id)
        ON UPDATE CASCADE ON DELETE SET NULL,
    FOREIGN KEY (partition_id, commit_id)
        REFERENCES p_ci_pipelines (partition_id, id)
        ON UPDATE CASCADE ON DELETE CASCADE
) PARTITION BY LIST (partition_id);
ALTER SEQUENCE ci_builds_id_seq OWNED BY p_ci_builds.id;

CREATE TABLE gitlab_partitions_dynamic.ci_builds_100
    PARTITION OF p_ci_builds FOR VALUES IN (100);
CREATE TABLE gitlab_partitions_dynamic.ci_builds_101
    PARTITION OF p_ci_builds FOR VALUES IN (101);
CREATE TABLE gitlab_partitions_dynamic.ci_builds_102
    PARTITION OF p_ci_builds FOR VALUES IN (102);

CREATE INDEX index_p_ci_builds_on_execution_config_id
    ON p_ci_builds (execution_config_id) WHERE execution_config_id IS NOT NULL;
CREATE INDEX p_ci_builds_auto_canceled_by_id_idx
    ON p_ci_builds (auto_canceled_by_id) WHERE auto_canceled_by_id IS NOT NULL;
CREATE INDEX p_ci_builds_commit_id_artifacts_expire_at_id_idx
    ON p_ci_builds (commit_id, artifacts_expire_at, id)
    WHERE type::text = 'Ci::Build' AND (retried = false OR retried IS NULL)
        AND name::text IN ('sast', 'secret_detection',
        'dependency_scanning', 'container_scanning', 'dast');
CREATE INDEX p_ci_builds_commit_id_stage_idx_created_at_idx
    ON p_ci_builds (commit_id, stage_idx, created_at);
CREATE INDEX p_ci_builds_commit_id_status_type_idx
    ON p_ci_builds (commit_id, status, type);
CREATE INDEX p_ci_builds_commit_id_type_name_ref_idx
    ON p_ci_builds (commit_id, type, name, ref);
CREATE INDEX p_ci_builds_commit_id_type_ref_idx
    ON p_ci_builds (commit_id, type, ref);
CREATE INDEX p_ci_builds_name_id_idx
    ON p_ci_builds (name, id)
    WHERE name::text IN ('container_scanning', 'dast', 'dependency_scanning',
        'license_management', 'sast', 'secret_detection',
        'coverage_fuzzing', 'license_scanning', 'apifuzzer_fuzz',
        'apifuzzer_fuzz_dnd') AND type::text = 'Ci::Build';
CREATE INDEX p_ci_builds_project_id_id_idx ON p_ci_builds (project_id, id);
CREATE INDEX p_ci_builds_project_id_name_ref_idx
    ON p_ci_builds (project_id, name, ref)
    WHERE type::text = 'Ci::Build' AND status::text = 'success'
        AND (retried = false OR retried IS NULL);
CREATE INDEX p_ci_builds_project_id_status_idx
    ON p_ci_builds (project_id, status)
    WHERE type::text = 'Ci::Build' AND status::text IN ('running', 'pending',
        'created');
CREATE INDEX p_ci_builds_resource_group_id_status_commit_id_idx
    ON p_ci_builds (resource_group_id, status, commit_id)
    WHERE resource_group_id IS NOT NULL;
CREATE INDEX p_ci_builds_runner_id_id_idx ON p_ci_builds (runner_id, id DESC);
CREATE INDEX p_ci_builds_runner_id_idx
    ON p_ci_builds (runner_id)
    WHERE status::text = 'running' AND type::text = 'Ci::Build';
CREATE INDEX p_ci_builds_scheduled_at_idx
    ON p_ci_builds (scheduled_at)
    WHERE scheduled_at IS NOT NULL AND type::text = 'Ci::Build'
        AND status::text = 'scheduled';
CREATE INDEX p_ci_builds_stage_id_idx ON p_ci_builds (stage_id);
CREATE INDEX p_ci_builds_status_created_at_project_id_idx
    ON p_ci_builds (status, created_at, project_id)
    WHERE type::text = 'Ci::Build';
CREATE INDEX p_ci_builds_status_type_runner_id_idx
    ON p_ci_builds (status, type, runner_id);
CREATE UNIQUE INDEX p_ci_builds_token_encrypted_partition_id_idx
    ON p_ci_builds (token_encrypted, partition_id)
    WHERE token_encrypted IS NOT NULL;
CREATE INDEX p_ci_builds_updated_at_idx ON p_ci_builds (updated_at);
CREATE INDEX p_ci_builds_upstream_pipeline_id_idx
    ON p_ci_builds (upstream_pipeline_id)
    WHERE upstream_pipeline_id IS NOT NULL;
CREATE INDEX p_ci_builds_user_id_created_at_idx
    ON p_ci_builds (user_id, created_at) WHERE type::text = 'Ci::Build';
CREATE INDEX p_ci_builds_user_id_idx ON p_ci_builds (user_id);
CREATE INDEX p_ci_builds_user_id_name_created_at_idx
    ON p_ci_builds (user_id, name, created_at)
    WHERE type::text = 'Ci::Build' AND name::text IN ('container_scanning',
        'dast', 'dependency_scanning', 'license_management',
        'license_scanning', 'sast', 'coverage_fuzzing', 'apifuzzer_fuzz',
        'apifuzzer_fuzz_dnd', 'secret_detection');
CREATE INDEX p_ci_builds_user_id_name_idx
    ON p_ci_builds (user_id, name)
    WHERE type::text = 'Ci::Build' AND name::text IN ('container_scanning',
        'dast', 'dependency_scanning', 'license_management',
        'license_scanning', 'sast', 'coverage_fuzzing', 'secret_detection');

CREATE FUNCTION assign_p_ci_builds_id_value() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.id IS NOT NULL THEN
        RAISE WARNING 'an id given by hand is ignored';
    END IF;
    NEW.id := nextval('ci_builds_id_seq');
    RETURN NEW;
END $$;

CREATE TRIGGER assign_p_ci_builds_id_trigger
    BEFORE INSERT ON p_ci_builds
    FOR EACH ROW EXECUTE FUNCTION assign_p_ci_builds_id_value();

CREATE TRIGGER p_ci_builds_loose_fk_trigger
    AFTER DELETE ON p_ci_builds REFERENCING OLD TABLE AS old_table
    FOR EACH STATEMENT
    EXECUTE FUNCTION
        insert_into_loose_foreign_keys_deleted_records_override_table('p_ci_builds');

CREATE SEQUENCE ci_builds_metadata_id_seq;
CREATE TABLE p_ci_builds_metadata (
    project_id bigint NOT NULL,
    timeout integer,
    timeout_source integer NOT NULL DEFAULT 1,
    interruptible boolean,
    config_options jsonb,
    config_variables jsonb,
    has_exposed_artifacts boolean,
    environment_auto_stop_in character varying(255),
    expanded_environment_name character varying(255),
    secrets jsonb NOT NULL DEFAULT '{}',
    build_id bigint NOT NULL,
    id bigint NOT NULL DEFAULT nextval('ci_builds_metadata_id_seq'),
    id_tokens jsonb NOT NULL DEFAULT '{}',
    partition_id bigint NOT NULL,
    debug_trace_enabled boolean NOT NULL DEFAULT false,
    exit_code smallint,
    PRIMARY KEY (id, partition_id),
    FOREIGN KEY (partition_id, build_id)
        REFERENCES p_ci_builds (partition_id, id)
        ON UPDATE CASCADE ON DELETE CASCADE
) PARTITION BY LIST (partition_id);
ALTER SEQUENCE ci_builds_metadata_id_seq OWNED BY p_ci_builds_metadata.id;

CREATE TABLE gitlab_partitions_dynamic.ci_builds_metadata_100
    PARTITION OF p_ci_builds_metadata FOR VALUES IN (100);
CREATE TABLE gitlab_partitions_dynamic.ci_builds_metadata_101
    PARTITION OF p_ci_builds_metadata FOR VALUES IN (101);
CREATE TABLE gitlab_partitions_dynamic.ci_builds_metadata_102
    PARTITION OF p_ci_builds_metadata FOR VALUES IN (102);

CREATE INDEX p_ci_builds_metadata_build_id_id_idx
    ON p_ci_builds_metadata (build_id) INCLUDE (id) WHERE interruptible = true;
CREATE INDEX p_ci_builds_metadata_build_id_idx
    ON p_ci_builds_metadata (build_id) WHERE has_exposed_artifacts IS TRUE;
CREATE UNIQUE INDEX p_ci_builds_metadata_build_id_partition_id_idx
    ON p_ci_builds_metadata (build_id, partition_id);
CREATE INDEX p_ci_builds_metadata_project_id_idx
    ON p_ci_builds_metadata (project_id);

CREATE TABLE ci_pending_builds (
    id bigserial PRIMARY KEY,
    build_id bigint NOT NULL,
    project_id bigint NOT NULL,
    created_at timestamp with time zone NOT NULL DEFAULT now(),
    protected boolean NOT NULL DEFAULT false,
    instance_runners_enabled boolean NOT NULL DEFAULT false,
    namespace_id bigint,
    minutes_exceeded boolean NOT NULL DEFAULT false,
    tag_ids bigint[] DEFAULT '{}',
    namespace_traversal_ids bigint[] DEFAULT '{}',
    partition_id bigint NOT NULL,
    plan_id bigint,
    FOREIGN KEY (partition_id, build_id)
        REFERENCES p_ci_builds (partition_id, id)
        ON UPDATE CASCADE ON DELETE CASCADE
);

CREATE INDEX index_ci_pending_builds_id_on_protected_partial
    ON ci_pending_builds (id) WHERE protected = true;
CREATE UNIQUE INDEX index_ci_pending_builds_on_build_id
    ON ci_pending_builds (build_id);
CREATE INDEX index_ci_pending_builds_on_namespace_id
    ON ci_pending_builds (namespace_id);
CREATE UNIQUE INDEX index_ci_pending_builds_on_partition_id_build_id
    ON ci_pending_builds (partition_id, build_id);
CREATE INDEX index_ci_pending_builds_on_plan_id ON ci_pending_builds (plan_id);
CREATE INDEX index_ci_pending_builds_on_project_id
    ON ci_pending_builds (project_id);
CREATE INDEX index_ci_pending_builds_on_tag_ids
    ON ci_pending_builds (tag_ids) WHERE cardinality(tag_ids) > 0;
CREATE INDEX index_gin_ci_pending_builds_on_namespace_traversal_ids
    ON ci_pending_builds USING gin (namespace_traversal_ids);

CREATE TABLE ci_running_builds (
    id bigserial PRIMARY KEY,
    build_id bigint NOT NULL,
    project_id bigint NOT NULL,
    runner_id bigint NOT NULL,
    created_at timestamp with time zone NOT NULL DEFAULT now(),
    runner_type smallint NOT NULL,
    partition_id bigint NOT NULL,
    runner_owner_namespace_xid bigint,
    FOREIGN KEY (partition_id, build_id)
        REFERENCES p_ci_builds (partition_id, id)
        ON UPDATE CASCADE ON DELETE CASCADE
);

CREATE INDEX idx_ci_running_builds_on_runner_type_and_owner_xid_and_id
    ON ci_running_builds (runner_type, runner_owner_namespace_xid, runner_id);
CREATE UNIQUE INDEX index_ci_running_builds_on_build_id
    ON ci_running_builds (build_id);
CREATE UNIQUE INDEX index_ci_running_builds_on_partition_id_build_id
    ON ci_running_builds (partition_id, build_id);
CREATE INDEX index_ci_running_builds_on_project_id
    ON ci_running_builds (project_id);
CREATE INDEX index_ci_running_builds_on_runner_id
    ON ci_running_builds (runner_id);

-- As db/schema_builds.sql writes it, with the keys of this version.
CREATE TABLE ci_builds_runner_session (
    id bigserial PRIMARY KEY,
    build_id bigint NOT NULL,
    partition_id bigint NOT NULL,
    project_id bigint CHECK (project_id IS NOT NULL),
    url character varying NOT NULL,
    FOREIGN KEY (partition_id, build_id)
        REFERENCES p_ci_builds (partition_id, id)
        ON UPDATE CASCADE ON DELETE CASCADE
);

CREATE UNIQUE INDEX index_ci_builds_runner_session_on_build_id
    ON ci_builds_runner_session (build_id);

CREATE TABLE ci_resources (
    id bigserial PRIMARY KEY,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    resource_group_id bigint NOT NULL
        REFERENCES ci_resource_groups ON DELETE CASCADE,
    build_id bigint,
    partition_id bigint,
    project_id bigint CHECK (project_id IS NOT NULL),
    FOREIGN KEY (partition_id, build_id)
        REFERENCES p_ci_builds (partition_id, id)
        ON UPDATE CASCADE ON DELETE SET NULL
);

CREATE INDEX index_ci_resources_on_build_id ON ci_resources (build_id);
CREATE INDEX index_ci_resources_on_project_id ON ci_resources (project_id);
CREATE UNIQUE INDEX index_ci_resources_on_resource_group_id_and_build_id
    ON ci_resources (resource_group_id, build_id);

CREATE FUNCTION trigger_1c0f1ca199a3() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.project_id IS NULL THEN
        SELECT project_id INTO NEW.project_id
        FROM ci_resource_groups WHERE id = NEW.resource_group_id;
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER trigger_1c0f1ca199a3
    BEFORE INSERT OR UPDATE ON ci_resources
    FOR EACH ROW EXECUTE FUNCTION trigger_1c0f1ca199a3();

-- As db/schema_builds.sql writes it.  status: 0 created, 1 running, 2 success,
-- 3 failed, 4 canceled, 5 skipped, 6 blocked.
CREATE TABLE deployments (
    id bigserial PRIMARY KEY,
    project_id bigint NOT NULL,
    deployable_type character varying,
    deployable_id bigint,
    status smallint NOT NULL,
    created_at timestamp without time zone,
    updated_at timestamp without time zone,
    finished_at timestamp with time zone
);

CREATE INDEX index_deployments_on_deployable_type_and_deployable_id
    ON deployments (deployable_type, deployable_id);
