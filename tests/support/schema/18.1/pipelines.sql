-- Pipelines, their stages, refs and schedules, as GitLab 18.1 has them.

-- As db/schema_builds.sql writes it, with the keys of this version.
CREATE TABLE ci_pipeline_schedules (
    id bigserial PRIMARY KEY,
    description character varying,
    ref character varying,
    cron character varying,
    project_id bigint CHECK (project_id IS NOT NULL),
    owner_id bigint,
    active boolean DEFAULT true,
    created_at timestamp without time zone,
    updated_at timestamp without time zone
);

CREATE INDEX index_ci_pipeline_schedules_on_owner_id
    ON ci_pipeline_schedules (owner_id);

-- The same.  status: 0 unknown, 1 success, 2 failed, 3 fixed, 4 broken,
-- 5 still failing.
CREATE TABLE ci_refs (
    id bigserial PRIMARY KEY,
    project_id bigint NOT NULL,
    lock_version integer NOT NULL DEFAULT 0,
    status smallint NOT NULL DEFAULT 0,
    ref_path text NOT NULL
);

CREATE UNIQUE INDEX index_ci_refs_on_project_id_and_ref_path
    ON ci_refs (project_id, ref_path);

CREATE SEQUENCE ci_pipelines_id_seq;
CREATE TABLE p_ci_pipelines (
    ref character varying,
    sha character varying,
    before_sha character varying,
    created_at timestamp without time zone,
    updated_at timestamp without time zone,
    tag boolean DEFAULT false,
    yaml_errors text,
    committed_at timestamp without time zone,
    project_id bigint CHECK (project_id IS NOT NULL),
    status character varying,
    started_at timestamp without time zone,
    finished_at timestamp without time zone,
    duration integer,
    user_id bigint,
    lock_version integer DEFAULT 0 CHECK (lock_version IS NOT NULL),
    pipeline_schedule_id bigint,
    source integer,
    config_source integer,
    protected boolean,
    failure_reason integer,
    iid integer,
    merge_request_id bigint,
    source_sha bytea,
    target_sha bytea,
    external_pull_request_id bigint,
    ci_ref_id bigint,
    locked smallint NOT NULL DEFAULT 1,
    partition_id bigint NOT NULL,
    id bigint NOT NULL,
    auto_canceled_by_id bigint,
    auto_canceled_by_partition_id bigint,
    trigger_id bigint,
    PRIMARY KEY (id, partition_id),
    FOREIGN KEY (auto_canceled_by_partition_id, auto_canceled_by_id)
        REFERENCES p_ci_pipelines (partition_id, id)
        ON UPDATE CASCADE ON DELETE SET NULL
) PARTITION BY LIST (partition_id);
ALTER SEQUENCE ci_pipelines_id_seq OWNED BY p_ci_pipelines.id;

CREATE TABLE gitlab_partitions_dynamic.ci_pipelines_100
    PARTITION OF p_ci_pipelines FOR VALUES IN (100);
CREATE TABLE gitlab_partitions_dynamic.ci_pipelines_101
    PARTITION OF p_ci_pipelines FOR VALUES IN (101);
CREATE TABLE gitlab_partitions_dynamic.ci_pipelines_102
    PARTITION OF p_ci_pipelines FOR VALUES IN (102);

CREATE INDEX p_ci_pipelines_auto_canceled_by_id_idx
    ON p_ci_pipelines (auto_canceled_by_id);
CREATE INDEX p_ci_pipelines_ci_ref_id_id_idx
    ON p_ci_pipelines (ci_ref_id, id) WHERE locked = 1;
CREATE INDEX p_ci_pipelines_ci_ref_id_id_source_status_idx
    ON p_ci_pipelines (ci_ref_id, id DESC, source, status)
    WHERE ci_ref_id IS NOT NULL;
CREATE INDEX p_ci_pipelines_external_pull_request_id_idx
    ON p_ci_pipelines (external_pull_request_id)
    WHERE external_pull_request_id IS NOT NULL;
CREATE INDEX p_ci_pipelines_id_idx ON p_ci_pipelines (id) WHERE source = 13;
CREATE INDEX p_ci_pipelines_merge_request_id_idx
    ON p_ci_pipelines (merge_request_id) WHERE merge_request_id IS NOT NULL;
CREATE INDEX p_ci_pipelines_pipeline_schedule_id_id_idx
    ON p_ci_pipelines (pipeline_schedule_id, id);
CREATE INDEX p_ci_pipelines_project_id_id_idx
    ON p_ci_pipelines (project_id, id DESC);
CREATE UNIQUE INDEX p_ci_pipelines_project_id_iid_partition_id_idx
    ON p_ci_pipelines (project_id, iid, partition_id) WHERE iid IS NOT NULL;
CREATE INDEX p_ci_pipelines_project_id_ref_id_idx
    ON p_ci_pipelines (project_id, ref, id DESC);
CREATE INDEX p_ci_pipelines_project_id_ref_status_id_idx
    ON p_ci_pipelines (project_id, ref, status, id);
CREATE INDEX p_ci_pipelines_project_id_sha_idx
    ON p_ci_pipelines (project_id, sha);
CREATE INDEX p_ci_pipelines_project_id_source_idx
    ON p_ci_pipelines (project_id, source);
CREATE INDEX p_ci_pipelines_project_id_status_config_source_idx
    ON p_ci_pipelines (project_id, status, config_source);
CREATE INDEX p_ci_pipelines_project_id_status_created_at_idx
    ON p_ci_pipelines (project_id, status, created_at);
CREATE INDEX p_ci_pipelines_project_id_status_updated_at_idx
    ON p_ci_pipelines (project_id, status, updated_at);
CREATE INDEX p_ci_pipelines_project_id_user_id_status_ref_idx
    ON p_ci_pipelines (project_id, user_id, status, ref) WHERE source <> 12;
CREATE INDEX p_ci_pipelines_status_id_idx ON p_ci_pipelines (status, id);
CREATE INDEX p_ci_pipelines_trigger_id_id_desc_idx
    ON p_ci_pipelines (trigger_id, id DESC);
CREATE INDEX p_ci_pipelines_user_id_created_at_config_source_idx
    ON p_ci_pipelines (user_id, created_at, config_source);
CREATE INDEX p_ci_pipelines_user_id_created_at_source_idx
    ON p_ci_pipelines (user_id, created_at, source);
CREATE INDEX p_ci_pipelines_user_id_id_idx
    ON p_ci_pipelines (user_id, id)
    WHERE status::text IN ('running', 'waiting_for_resource', 'preparing',
        'pending', 'created', 'scheduled');
CREATE INDEX p_ci_pipelines_user_id_id_idx1
    ON p_ci_pipelines (user_id, id DESC) WHERE failure_reason = 3;

CREATE FUNCTION assign_p_ci_pipelines_id_value() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.id IS NOT NULL THEN
        RAISE WARNING 'an id given by hand is ignored';
    END IF;
    NEW.id := nextval('ci_pipelines_id_seq');
    RETURN NEW;
END $$;

CREATE TRIGGER assign_p_ci_pipelines_id_trigger
    BEFORE INSERT ON p_ci_pipelines
    FOR EACH ROW EXECUTE FUNCTION assign_p_ci_pipelines_id_value();

CREATE FUNCTION insert_into_loose_foreign_keys_deleted_records_override_table()
RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO loose_foreign_keys_deleted_records
        (fully_qualified_table_name, primary_key_value)
    SELECT current_schema() || '.' || TG_ARGV[0], id FROM old_table;
    RETURN NULL;
END $$;

CREATE TRIGGER p_ci_pipelines_loose_fk_trigger
    AFTER DELETE ON p_ci_pipelines REFERENCING OLD TABLE AS old_table
    FOR EACH STATEMENT
    EXECUTE FUNCTION
        insert_into_loose_foreign_keys_deleted_records_override_table('p_ci_pipelines');

CREATE SEQUENCE ci_stages_id_seq;
CREATE TABLE p_ci_stages (
    project_id bigint CHECK (project_id IS NOT NULL),
    created_at timestamp without time zone,
    updated_at timestamp without time zone,
    name character varying,
    status integer,
    lock_version integer DEFAULT 0 CHECK (lock_version IS NOT NULL),
    position integer,
    id bigint NOT NULL,
    partition_id bigint NOT NULL,
    pipeline_id bigint,
    PRIMARY KEY (id, partition_id),
    FOREIGN KEY (partition_id, pipeline_id)
        REFERENCES p_ci_pipelines (partition_id, id)
        ON UPDATE CASCADE ON DELETE CASCADE
) PARTITION BY LIST (partition_id);
ALTER SEQUENCE ci_stages_id_seq OWNED BY p_ci_stages.id;

CREATE TABLE gitlab_partitions_dynamic.ci_stages_100
    PARTITION OF p_ci_stages FOR VALUES IN (100);
CREATE TABLE gitlab_partitions_dynamic.ci_stages_101
    PARTITION OF p_ci_stages FOR VALUES IN (101);
CREATE TABLE gitlab_partitions_dynamic.ci_stages_102
    PARTITION OF p_ci_stages FOR VALUES IN (102);

CREATE INDEX p_ci_stages_pipeline_id_id_idx
    ON p_ci_stages (pipeline_id, id) WHERE status IN (0, 1, 2, 8, 9, 10);
CREATE UNIQUE INDEX p_ci_stages_pipeline_id_name_partition_id_idx
    ON p_ci_stages (pipeline_id, name, partition_id);
CREATE INDEX p_ci_stages_pipeline_id_position_idx
    ON p_ci_stages (pipeline_id, position);
CREATE INDEX p_ci_stages_project_id_idx ON p_ci_stages (project_id);

CREATE FUNCTION assign_p_ci_stages_id_value() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.id IS NOT NULL THEN
        RAISE WARNING 'an id given by hand is ignored';
    END IF;
    NEW.id := nextval('ci_stages_id_seq');
    RETURN NEW;
END $$;

CREATE TRIGGER assign_p_ci_stages_id_trigger
    BEFORE INSERT ON p_ci_stages
    FOR EACH ROW EXECUTE FUNCTION assign_p_ci_stages_id_value();
