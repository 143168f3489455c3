-- Users, projects and what is counted of them, as GitLab 16.6 has them.
-- End of 2023: jobs are partitioned, their first partition is public.ci_builds;
-- partition_id has no default, ids become bigint.  Names of checks, of foreign
-- keys and of a partition's indexes are the server's choice.

CREATE SCHEMA gitlab_partitions_dynamic;

CREATE TABLE loose_foreign_keys_deleted_records (
    id bigserial,
    partition bigint NOT NULL DEFAULT 1,
    primary_key_value bigint NOT NULL,
    status smallint NOT NULL DEFAULT 1,
    created_at timestamp with time zone NOT NULL DEFAULT now(),
    fully_qualified_table_name text NOT NULL
        CHECK (char_length(fully_qualified_table_name) <= 150),
    consume_after timestamp with time zone DEFAULT now(),
    cleanup_attempts smallint DEFAULT 0,
    PRIMARY KEY (partition, id)
) PARTITION BY LIST (partition);

CREATE TABLE gitlab_partitions_dynamic.loose_foreign_keys_deleted_records_1
    PARTITION OF loose_foreign_keys_deleted_records FOR VALUES IN (1);

CREATE INDEX index_loose_foreign_keys_deleted_records_for_partitioned_query
    ON loose_foreign_keys_deleted_records (partition,
        fully_qualified_table_name, consume_after, id)
    WHERE status = 1;

-- GitLab's table has some 80 columns more.
CREATE TABLE users (
    id serial PRIMARY KEY,
    state character varying
);

CREATE FUNCTION insert_into_loose_foreign_keys_deleted_records() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO loose_foreign_keys_deleted_records
        (fully_qualified_table_name, primary_key_value)
    SELECT TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME, id FROM old_table;
    RETURN NULL;
END $$;

CREATE TRIGGER users_loose_fk_trigger
    AFTER DELETE ON users REFERENCING OLD TABLE AS old_table
    FOR EACH STATEMENT
    EXECUTE FUNCTION insert_into_loose_foreign_keys_deleted_records();

-- GitLab's table has some 80 columns more.
CREATE TABLE projects (
    id serial PRIMARY KEY,
    name character varying,
    namespace_id integer NOT NULL,
    pending_delete boolean DEFAULT false
);

CREATE TRIGGER projects_loose_fk_trigger
    AFTER DELETE ON projects REFERENCING OLD TABLE AS old_table
    FOR EACH STATEMENT
    EXECUTE FUNCTION insert_into_loose_foreign_keys_deleted_records();

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
    updated_at timestamp with time zone NOT NULL DEFAULT now(),
    root_namespace_id bigint
);

CREATE INDEX index_project_statistics_on_namespace_id
    ON project_statistics (namespace_id);
CREATE INDEX index_project_statistics_on_packages_size_and_project_id
    ON project_statistics (packages_size, project_id);
CREATE UNIQUE INDEX index_project_statistics_on_project_id
    ON project_statistics (project_id);
CREATE INDEX index_project_statistics_on_repository_size_and_project_id
    ON project_statistics (repository_size, project_id);
CREATE INDEX index_project_statistics_on_storage_size_and_project_id
    ON project_statistics (storage_size, project_id);
CREATE INDEX index_project_statistics_on_wiki_size_and_project_id
    ON project_statistics (wiki_size, project_id);
CREATE INDEX index_project_statistics_on_root_namespace_id
    ON project_statistics (root_namespace_id);
