-- What the checker goes by: who changed which row, from what to what, written
-- down by the database itself within the very transaction that did it, so that
-- what was rolled back or lost in a crash is not in it.

CREATE SCHEMA chaos;

CREATE TABLE chaos.artifacts (
    op text, id bigint, project_id bigint, size bigint, file_store int,
    expire_at timestamptz, locked int, pipeline_locked int,
    who text, pass text, began timestamptz DEFAULT now());

CREATE TABLE chaos.statistics (
    project_id bigint, bytes bigint, storage bigint, who text);

CREATE TABLE chaos.entries (
    op text, id bigint, file_store int, path text, who text);

CREATE TABLE chaos.jobs (
    id bigint, old_status text, new_status text, reason int,
    versions bigint, was_processed boolean, is_processed boolean,
    user_id bigint, who text, at timestamptz DEFAULT clock_timestamp());

CREATE TABLE chaos.users (
    id bigint, state text, at timestamptz DEFAULT clock_timestamp());

CREATE FUNCTION chaos.pass() RETURNS text LANGUAGE sql AS
    $$ SELECT split_part(current_setting('application_name'), ' ', 2) $$;

CREATE FUNCTION chaos.note_artifact() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    it ci_pipeline_artifacts;
BEGIN
    IF TG_OP = 'INSERT' THEN it := NEW; ELSE it := OLD; END IF;
    INSERT INTO chaos.artifacts
    SELECT TG_OP, it.id, it.project_id, it.size, it.file_store, it.expire_at,
           it.locked, p.locked, session_user, chaos.pass()
    FROM ci_pipelines AS p WHERE p.id = it.pipeline_id;
    RETURN NULL;
END $$;

CREATE FUNCTION chaos.note_statistics() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO chaos.statistics VALUES (
        NEW.project_id,
        NEW.pipeline_artifacts_size - OLD.pipeline_artifacts_size,
        NEW.storage_size - OLD.storage_size, session_user);
    RETURN NULL;
END $$;

CREATE FUNCTION chaos.note_entry() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    it ci_deleted_objects;
BEGIN
    IF TG_OP = 'INSERT' THEN it := NEW; ELSE it := OLD; END IF;
    INSERT INTO chaos.entries VALUES (
        TG_OP, it.id, it.file_store, it.store_dir || '/' || it.file,
        session_user);
    RETURN NULL;
END $$;

CREATE FUNCTION chaos.note_job() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO chaos.jobs VALUES (
        NEW.id, OLD.status, NEW.status, NEW.failure_reason,
        NEW.lock_version - OLD.lock_version, OLD.processed, NEW.processed,
        NEW.user_id, session_user);
    RETURN NULL;
END $$;

CREATE FUNCTION chaos.note_user() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO chaos.users VALUES (NEW.id, NEW.state);
    RETURN NULL;
END $$;

CREATE TRIGGER chaos AFTER INSERT OR DELETE ON ci_pipeline_artifacts
    FOR EACH ROW EXECUTE FUNCTION chaos.note_artifact();
CREATE TRIGGER chaos AFTER UPDATE ON project_statistics
    FOR EACH ROW EXECUTE FUNCTION chaos.note_statistics();
CREATE TRIGGER chaos AFTER INSERT OR DELETE ON ci_deleted_objects
    FOR EACH ROW EXECUTE FUNCTION chaos.note_entry();
CREATE TRIGGER chaos AFTER UPDATE ON ci_builds
    FOR EACH ROW EXECUTE FUNCTION chaos.note_job();
CREATE TRIGGER chaos AFTER INSERT OR UPDATE ON users
    FOR EACH ROW EXECUTE FUNCTION chaos.note_user();
