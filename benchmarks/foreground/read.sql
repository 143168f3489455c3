\set pipeline random(1, :pipelines)
SELECT * FROM ci_pipeline_artifacts WHERE pipeline_id = :pipeline AND file_type = 1 LIMIT 1;
