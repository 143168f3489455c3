-- What goes into pg_cron: one statement, which knows of no file and of no
-- statistic.
DELETE FROM ci_pipeline_artifacts WHERE expire_at < now() AND locked = 0;
