SELECT id FROM ci_deleted_objects WHERE pick_up_at < now() ORDER BY pick_up_at LIMIT 100;
