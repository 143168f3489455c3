SELECT count(*) FROM (SELECT id FROM ci_deleted_objects WHERE pick_up_at < now() LIMIT 2000) AS ready;
