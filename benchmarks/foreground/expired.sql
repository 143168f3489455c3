SELECT * FROM ci_pipeline_artifacts WHERE expire_at < now() AND locked = 0 LIMIT 100;
