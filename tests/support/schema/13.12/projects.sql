-- Users, projects and what is counted of them, as GitLab 13.12 has them.
-- Spring 2021: integer ids with bigint shadows that triggers fill, foreign keys
-- to projects, no column for the lock of an artifact, no queues, no metadata of
-- traces.  Names of checks and foreign keys are the server's choice.

-- GitLab's table has some 80 columns more.
CREATE TABLE users (
    id serial PRIMARY KEY,
    state character varying
);

-- GitLab's table has some 80 columns more.
CREATE TABLE projects (
    id serial PRIMARY KEY,
    name character varying,
    namespace_id integer NOT NULL,
    pending_delete boolean DEFAULT false
);

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
    uploads_size bigint NOT NULL DEFAULT 0
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
