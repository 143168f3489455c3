-- Pipelines, their stages, refs and schedules, as GitLab 15.5 has them.

-- As db/schema_builds.sql writes it, with the keys of this version.
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

CREATE TABLE ci_pipelines (
    id serial PRIMARY KEY,
    ref character varying,
    sha character varying,
    before_sha character varying,
    created_at timestamp without time zone,
    updated_at timestamp without time zone,
    tag boolean DEFAULT false,
    yaml_errors text,
    committed_at timestamp without time zone,
    project_id integer,
    status character varying,
    started_at timestamp without time zone,
    finished_at timestamp without time zone,
    duration integer,
    user_id integer,
    lock_version integer DEFAULT 0 CHECK (lock_version IS NOT NULL),
    auto_canceled_by_id integer REFERENCES ci_pipelines ON DELETE SET NULL,
    pipeline_schedule_id integer,
    source integer,
    config_source integer,
    protected boolean,
    failure_reason integer,
    iid integer,
    merge_request_id integer,
    source_sha bytea,
    target_sha bytea,
    external_pull_request_id bigint,
    ci_ref_id bigint,
    locked smallint NOT NULL DEFAULT 1,
    partition_id bigint NOT NULL DEFAULT 100
);

CREATE INDEX index_ci_pipelines_for_ondemand_dast_scans
    ON ci_pipelines (id) WHERE source = 13;
CREATE INDEX index_ci_pipelines_on_auto_canceled_by_id
    ON ci_pipelines (auto_canceled_by_id);
CREATE INDEX index_ci_pipelines_on_ci_ref_id_and_more
    ON ci_pipelines (ci_ref_id, id DESC, source, status)
    WHERE ci_ref_id IS NOT NULL;
CREATE INDEX index_ci_pipelines_on_external_pull_request_id
    ON ci_pipelines (external_pull_request_id)
    WHERE external_pull_request_id IS NOT NULL;
CREATE INDEX index_ci_pipelines_on_merge_request_id
    ON ci_pipelines (merge_request_id) WHERE merge_request_id IS NOT NULL;
CREATE INDEX index_ci_pipelines_on_pipeline_schedule_id_and_id
    ON ci_pipelines (pipeline_schedule_id, id);
CREATE INDEX index_ci_pipelines_on_project_id_and_id_desc
    ON ci_pipelines (project_id, id DESC);
CREATE UNIQUE INDEX index_ci_pipelines_on_project_id_and_iid
    ON ci_pipelines (project_id, iid) WHERE iid IS NOT NULL;
CREATE INDEX index_ci_pipelines_on_project_id_and_ref_and_status_and_id
    ON ci_pipelines (project_id, ref, status, id);
CREATE INDEX index_ci_pipelines_on_project_id_and_sha
    ON ci_pipelines (project_id, sha);
CREATE INDEX index_ci_pipelines_on_project_id_and_source
    ON ci_pipelines (project_id, source);
CREATE INDEX index_ci_pipelines_on_project_id_and_status_and_config_source
    ON ci_pipelines (project_id, status, config_source);
CREATE INDEX index_ci_pipelines_on_project_id_and_status_and_created_at
    ON ci_pipelines (project_id, status, created_at);
CREATE INDEX index_ci_pipelines_on_project_id_and_status_and_updated_at
    ON ci_pipelines (project_id, status, updated_at);
CREATE INDEX index_ci_pipelines_on_project_id_and_user_id_and_status_and_ref
    ON ci_pipelines (project_id, user_id, status, ref) WHERE source <> 12;
CREATE INDEX index_ci_pipelines_on_project_idandrefandiddesc
    ON ci_pipelines (project_id, ref, id DESC);
CREATE INDEX index_ci_pipelines_on_status_and_id ON ci_pipelines (status, id);
CREATE INDEX index_ci_pipelines_on_user_id_and_created_at_and_config_source
    ON ci_pipelines (user_id, created_at, config_source);
CREATE INDEX index_ci_pipelines_on_user_id_and_created_at_and_source
    ON ci_pipelines (user_id, created_at, source);
CREATE INDEX index_ci_pipelines_on_user_id_and_id_and_cancelable_status
    ON ci_pipelines (user_id, id)
    WHERE status::text IN ('running', 'waiting_for_resource', 'preparing',
        'pending', 'created', 'scheduled');
CREATE INDEX idx_ci_pipelines_artifacts_locked
    ON ci_pipelines (ci_ref_id, id) WHERE locked = 1;
CREATE INDEX index_ci_pipelines_on_user_id_and_id_desc_and_user_not_verified
    ON ci_pipelines (user_id, id DESC) WHERE failure_reason = 3;

CREATE TRIGGER ci_pipelines_loose_fk_trigger
    AFTER DELETE ON ci_pipelines REFERENCING OLD TABLE AS old_table
    FOR EACH STATEMENT
    EXECUTE FUNCTION insert_into_loose_foreign_keys_deleted_records();

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
