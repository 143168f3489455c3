\set project random(1, :projects)
\set size random(1000, 1000000)
BEGIN;
INSERT INTO ci_pipelines (ref, sha, created_at, updated_at, project_id, status, started_at, user_id, source, config_source, iid) VALUES ('main', md5(:project::text), now(), now(), :project, 'running', now(), 1, 1, 1, nextval('ci_pipelines_id_seq')) RETURNING id \gset
INSERT INTO ci_pipeline_artifacts (created_at, updated_at, pipeline_id, project_id, size, file_type, file_format, file, expire_at, locked) VALUES (now(), now(), :id, :project, :size, 1, 1, 'code_coverage.json', now() + interval '1 week', 1);
UPDATE project_statistics SET pipeline_artifacts_size = pipeline_artifacts_size + :size, storage_size = storage_size + :size WHERE project_id = :project;
COMMIT;
