-- The names that tests write, on a schema that asks for more than they say.
--
-- Tests say ci_builds, and never partition_id.  Where partition_id has no
-- default, a view in the schema test_names stands before the root, p_ci_builds
-- or ci_builds: it has the plain name, and what an INSERT leaves out is filled
-- in.  Only the tests' own sessions have test_names on their search_path: what
-- the program leaves out is still refused by the tables.
CREATE SCHEMA test_names;

-- The name of the table that a plain name stands for.
CREATE FUNCTION test_names.root_of(plain text) RETURNS name
LANGUAGE sql STABLE AS $$
    SELECT relname FROM pg_class
    WHERE oid = coalesce(to_regclass('public.p_' || plain),
                         to_regclass('public.' || plain))
$$;

-- A view over that table, with the defaults of its columns.
CREATE FUNCTION test_names.add_view(plain text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    root CONSTANT name := test_names.root_of(plain);
    field name;
    value text;
BEGIN
    EXECUTE format('CREATE VIEW test_names.%I AS SELECT * FROM public.%I',
                   plain, root);
    FOR field, value IN
        SELECT column_name, column_default FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name = root
          AND column_default IS NOT NULL
    LOOP
        EXECUTE format('ALTER VIEW test_names.%I ALTER %I SET DEFAULT %s',
                       plain, field, value);
    END LOOP;
END $$;

-- What such a view does with an INSERT: a statement that fills in what is left
-- out, then the row as it is.
CREATE FUNCTION test_names.add_insert(plain text, fill text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format($text$
        CREATE FUNCTION test_names.insert_into_%1$s() RETURNS trigger
        LANGUAGE plpgsql AS $body$
        BEGIN
            %2$s;
            INSERT INTO public.%3$I VALUES (NEW.*) RETURNING * INTO NEW;
            RETURN NEW;
        END $body$;

        CREATE TRIGGER insert_into INSTEAD OF INSERT ON test_names.%1$I
            FOR EACH ROW EXECUTE FUNCTION test_names.insert_into_%1$s();
        $text$, plain, fill, test_names.root_of(plain));
END $$;

CREATE FUNCTION test_names.has(plain text, field text) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM information_schema.columns
        WHERE table_schema = 'public' AND column_name = field
          AND table_name = test_names.root_of(plain))
$$;

-- A row is of the partition of what it belongs to, and of its project.
CREATE FUNCTION test_names.as_parent(plain text, parent text, field text)
RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT format('SELECT %s INTO %s FROM %I WHERE id = NEW.%I',
                  string_agg(format('coalesce(NEW.%1$I, %1$I)', name), ', '),
                  string_agg(format('NEW.%I', name), ', '), parent, field)
    FROM unnest(ARRAY['partition_id', 'project_id']) AS name
    WHERE test_names.has(plain, name)
$$;

-- Whether a row without this column is refused.
CREATE FUNCTION test_names.asks_for(plain text, field text) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM pg_attribute
        WHERE attrelid = to_regclass('public.' || test_names.root_of(plain))
          AND attname = field AND NOT atthasdef
          AND (attnotnull OR EXISTS (
              SELECT FROM pg_constraint
              WHERE conrelid = attrelid AND contype = 'c'
                AND conkey = ARRAY[attnum]
                AND pg_get_constraintdef(oid) LIKE '%IS NOT NULL%')))
$$;

-- Pipelines take turns: each third one is of the same partition.
DO $$
BEGIN
    IF test_names.asks_for('ci_pipelines', 'partition_id') THEN
        CREATE SEQUENCE test_names.turn;
        PERFORM test_names.add_view('ci_pipelines');
        PERFORM test_names.add_insert('ci_pipelines',
            'NEW.partition_id := coalesce(
                 NEW.partition_id, 100 + nextval(''test_names.turn'') % 3)');
    END IF;
END $$;

-- Each after what its rows belong to.
DO $$
DECLARE
    plain text;
    parent text;
    field text;
BEGIN
    FOR plain, parent, field IN VALUES
        ('ci_stages', 'ci_pipelines', 'pipeline_id'),
        ('ci_builds', 'ci_pipelines', 'commit_id'),
        ('ci_pipeline_artifacts', 'ci_pipelines', 'pipeline_id'),
        ('ci_job_artifacts', 'ci_builds', 'job_id'),
        ('ci_build_trace_chunks', 'ci_builds', 'build_id'),
        ('ci_build_trace_metadata', 'ci_builds', 'build_id'),
        ('ci_build_pending_states', 'ci_builds', 'build_id'),
        ('ci_builds_runner_session', 'ci_builds', 'build_id'),
        ('ci_pending_builds', 'ci_builds', 'build_id'),
        ('ci_running_builds', 'ci_builds', 'build_id')
    LOOP
        CONTINUE WHEN NOT test_names.asks_for(plain, 'partition_id');
        PERFORM test_names.add_view(plain);
        PERFORM test_names.add_insert(
            plain, test_names.as_parent(plain, parent, field));
    END LOOP;
END $$;

-- What belongs to a project alone.
DO $$
DECLARE
    plain text;
BEGIN
    FOREACH plain IN ARRAY ARRAY['ci_deleted_objects', 'ci_pipeline_schedules']
    LOOP
        CONTINUE WHEN NOT test_names.asks_for(plain, 'project_id');
        PERFORM test_names.add_view(plain);
        EXECUTE format('ALTER VIEW test_names.%I
                        ALTER project_id SET DEFAULT 1', plain);
    END LOOP;
END $$;
