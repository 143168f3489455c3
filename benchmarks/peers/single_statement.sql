-- The row work of the program in one statement: the database's own limit.  It
-- holds every row and every statistics row locked until it ends.
WITH destroyed AS (
    DELETE FROM ci_pipeline_artifacts
    WHERE expire_at < now() AND locked = 0
    RETURNING id, project_id, pipeline_id, size, file_store, file
),
hashed AS MATERIALIZED (
    SELECT project_id, encode(sha256(project_id::text::bytea), 'hex') AS h,
           sum(size) AS bytes
    FROM destroyed
    GROUP BY project_id
),
queued AS (
    INSERT INTO ci_deleted_objects (file_store, pick_up_at, store_dir, file)
    SELECT file_store, now() + interval '10 minutes',
           substr(h, 1, 2) || '/' || substr(h, 3, 2) || '/' || h ||
               '/pipelines/' || pipeline_id || '/artifacts/' || id,
           file
    FROM destroyed
    JOIN hashed USING (project_id)
),
counted AS (
    UPDATE project_statistics AS s
    SET pipeline_artifacts_size = s.pipeline_artifacts_size - hashed.bytes,
        storage_size = s.storage_size - hashed.bytes
    FROM hashed
    WHERE s.project_id = hashed.project_id
)
SELECT count(*) FROM destroyed;
