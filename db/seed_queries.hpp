#pragma once

#include <string>
#include <vector>

#include "db/query.hpp"

// What fills an empty database.  Everything is made on the server from the
// numbers 1 to n: a hash of the number and the seed stands for chance, so that
// the same seed makes the same rows, and 13 million of them need no client.
// Included by db/seed.cpp alone.

namespace db::seed_queries {

inline const Query begin{"seed.begin", "BEGIN"};
inline const Query commit{"seed.commit", "COMMIT"};

/// Every table of db/schema.sql and db/schema_builds.sql.
inline const std::vector<std::string> tables{"projects",
                                             "project_statistics",
                                             "ci_pipelines",
                                             "ci_pipeline_artifacts",
                                             "ci_deleted_objects",
                                             "users",
                                             "ci_pipeline_schedules",
                                             "ci_refs",
                                             "ci_stages",
                                             "ci_resource_groups",
                                             "ci_builds",
                                             "ci_pending_builds",
                                             "ci_running_builds",
                                             "ci_builds_runner_session",
                                             "ci_resources",
                                             "deployments",
                                             "ci_build_trace_chunks",
                                             "ci_build_pending_states",
                                             "ci_job_artifacts",
                                             "ci_build_trace_metadata"};

inline const Query list_tables{"seed.list_tables", R"sql(
SELECT name, to_regclass(name) IS NOT NULL FROM unnest($1::text[]) AS name
)sql"};

/// Of a table's name.
inline constexpr const char* has_rows =
    "SELECT '{0}', EXISTS (SELECT FROM {0})";

/// Indexes and foreign keys are put aside and made again when the rows are
/// there: sorting ten million keys once is a matter of seconds an index, and
/// inserting them in an order of chance is not.
inline const Query prepare{"seed.prepare", R"sql(
SET LOCAL work_mem = '256MB';
SET LOCAL maintenance_work_mem = '512MB';
SET LOCAL jit = off;
SET LOCAL cursor_tuple_fraction = 1;

CREATE TEMP TABLE seed_table ON COMMIT DROP AS
SELECT unnest(ARRAY['projects', 'project_statistics', 'ci_pipelines',
                    'ci_pipeline_artifacts',
                    'ci_deleted_objects'])::regclass AS id;

CREATE TEMP TABLE seed_foreign_key ON COMMIT DROP AS
SELECT conrelid::regclass AS parent, conname AS name,
       pg_get_constraintdef(oid) AS definition
FROM pg_constraint
WHERE contype = 'f' AND conrelid IN (SELECT id FROM seed_table);

CREATE TEMP TABLE seed_index ON COMMIT DROP AS
SELECT indexrelid::regclass::text AS name,
       pg_get_indexdef(indexrelid) AS definition
FROM pg_index
WHERE indrelid IN (SELECT id FROM seed_table)
  AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid);

DO $$
DECLARE
    foreign_key record;
    index record;
BEGIN
    FOR foreign_key IN SELECT * FROM seed_foreign_key LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I',
                       foreign_key.parent, foreign_key.name);
    END LOOP;
    FOR index IN SELECT * FROM seed_index LOOP
        EXECUTE 'DROP INDEX ' || index.name;
    END LOOP;
END
$$;

-- From 0 to just below 1; a stream of numbers for every purpose.
CREATE FUNCTION pg_temp.chance(number bigint, stream bigint)
RETURNS double precision LANGUAGE sql IMMUTABLE AS $$
SELECT (hashint8extended(number, stream) & 9007199254740991)
       / 9007199254740992::double precision
$$;

-- The square makes a few projects large and most of them small.
CREATE FUNCTION pg_temp.project_of(pipeline bigint, stream bigint,
                                   projects bigint)
RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
SELECT 1 + floor(projects * pg_temp.chance(pipeline, stream)
                          * pg_temp.chance(pipeline, stream))::bigint
$$;

CREATE TEMP TABLE seed_kind (
    first_slot bigint, slots bigint, count bigint, locked smallint,
    pipeline_locked smallint, expiry text, file_store smallint, file text
) ON COMMIT DROP;

-- The pipelines that have artifacts, in an order of chance.
CREATE TEMP TABLE seed_slot (
    slot bigint, pipeline_id bigint, project_id bigint, locked smallint
) ON COMMIT DROP;
)sql"};

inline const Query restore_indexes{"seed.restore_indexes", R"sql(
DO $$
DECLARE
    foreign_key record;
    index record;
BEGIN
    FOR index IN SELECT * FROM seed_index LOOP
        EXECUTE index.definition;
    END LOOP;
    FOR foreign_key IN SELECT * FROM seed_foreign_key LOOP
        EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s',
                       foreign_key.parent, foreign_key.name,
                       foreign_key.definition);
    END LOOP;
END
$$
)sql"};

inline const Query read_clock{"seed.read_clock",
                              "SELECT date_trunc('second', now())"};

inline const Query insert_kinds{"seed.insert_kinds", R"sql(
INSERT INTO seed_kind
SELECT * FROM jsonb_to_recordset($1::jsonb) AS kind(
    first_slot bigint, slots bigint, count bigint, locked smallint,
    pipeline_locked smallint, expiry text, file_store smallint, file text)
)sql"};

inline const Query insert_slots{"seed.insert_slots", R"sql(
INSERT INTO seed_slot (slot, pipeline_id, project_id, locked)
SELECT drawn.slot, drawn.pipeline_id,
       pg_temp.project_of(drawn.pipeline_id, $1 + 2, $3), kind.pipeline_locked
FROM (SELECT row_number() OVER (ORDER BY pg_temp.chance(number, $1 + 1),
                                         number) - 1 AS slot,
             number AS pipeline_id
      FROM generate_series(1, $2) AS number
      LIMIT $4) AS drawn
JOIN seed_kind AS kind
  ON drawn.slot >= kind.first_slot
 AND drawn.slot < kind.first_slot + kind.slots
)sql"};
inline const Query analyze_slots{"seed.analyze_slots", "ANALYZE seed_slot"};

/// Of the pipelines without artifacts 70 in 100 are unlocked.  Were it few, the
/// planner would start the join from them, and the slowness of the published
/// query would not appear.
inline const Query insert_pipelines{"seed.insert_pipelines", R"sql(
INSERT INTO ci_pipelines
    (id, ref, sha, created_at, updated_at, started_at, finished_at, duration,
     project_id, status, user_id, source, config_source, iid, ci_ref_id, locked)
SELECT number,
       CASE WHEN pg_temp.chance(number, $1 + 3) < 0.5 THEN 'main'
            ELSE 'feature-' || number % 1000 END,
       lpad(to_hex(number), 40, '0'),
       moment, moment + interval '9 minutes', moment + interval '1 minute',
       moment + interval '9 minutes', 480,
       pg_temp.project_of(number, $1 + 2, $3),
       CASE WHEN pg_temp.chance(number, $1 + 4) < 0.8 THEN 'success'
            ELSE 'failed' END,
       1 + (number * 7919) % 20000, 1 + number % 3, 1, number,
       1 + (number * 104729) % ($2 / 4 + 1),
       coalesce(slot.locked,
                (pg_temp.chance(number, $1 + 5) >= 0.7)::integer)
FROM generate_series(1, $2) AS number
LEFT JOIN seed_slot AS slot ON slot.pipeline_id = number
CROSS JOIN LATERAL (
    SELECT $4::timestamptz AT TIME ZONE 'UTC'
           - interval '180 days' * (1 - number / $2::double precision)
) AS pipeline(moment)
)sql"};

/// Member m of a kind stands at the same part of the way from the oldest to the
/// youngest as its slot does, so the kinds are mixed in time, and ids rise with
/// created_at as they do where rows come one by one.  None is younger than two
/// hours: the store check leaves rows out that may be about to get their file.
inline const Query insert_artifacts{"seed.insert_artifacts", R"sql(
INSERT INTO ci_pipeline_artifacts
    (id, created_at, updated_at, pipeline_id, project_id, size, file_store,
     file_type, file_format, file, expire_at, locked)
SELECT row_number() OVER (ORDER BY created_at, pipeline_id, file_type),
       created_at, created_at, pipeline_id, project_id,
       1024 + floor(($2 - 1023) * pg_temp.chance(pipeline_id * 2 + file_type,
                                                 $1 + 6)
                                * pg_temp.chance(pipeline_id, $1 + 7)),
       file_store, file_type, 1,
       coalesce(file, CASE file_type WHEN 1 THEN 'code_coverage.json'
                                     ELSE 'code_quality_mr_diff.json' END),
       expire_at, locked
FROM seed_kind AS kind
CROSS JOIN LATERAL generate_series(0, kind.count - 1) AS member
CROSS JOIN LATERAL (
    SELECT member / $3 * ($3 - 1) + least(member % $3, $3 - 2),
           1 + (member % $3 = $3 - 1)::integer
) AS place(number, file_type)
JOIN (SELECT slot, pipeline_id, project_id FROM seed_slot) AS slot
  ON slot.slot = kind.first_slot + place.number
CROSS JOIN LATERAL (
    SELECT 1 - (place.number + pg_temp.chance(slot.slot, $1 + 8)) / kind.slots
) AS way(left_to_go)
CROSS JOIN LATERAL (
    SELECT CASE expiry
           WHEN 'past' THEN $4::timestamptz - interval '1 minute'
                            - interval '180 days' * way.left_to_go
           WHEN 'soon' THEN $4::timestamptz + interval '1 day'
                            + interval '90 days' * (1 - way.left_to_go)
           WHEN 'far' THEN $4::timestamptz + interval '100 years'
           END
) AS expiration(expire_at)
CROSS JOIN LATERAL (
    SELECT CASE expiry
           WHEN 'past' THEN expire_at - interval '7 days'
           ELSE $4::timestamptz - interval '2 hours'
                - interval '7 days' * way.left_to_go
           END
) AS creation(created_at)
ORDER BY created_at, pipeline_id, file_type
)sql"};

inline const Query insert_projects{"seed.insert_projects", R"sql(
INSERT INTO projects (id, name, namespace_id, pending_delete)
SELECT number, 'project-' || number, 1 + number % 1000,
       $2 = 1 AND number = 7
FROM generate_series(1, $1) AS number
)sql"};

inline const Query insert_statistics{"seed.insert_statistics", R"sql(
INSERT INTO project_statistics
    (id, project_id, namespace_id, commit_count, repository_size,
     build_artifacts_size, pipeline_artifacts_size, storage_size, created_at,
     updated_at)
SELECT project.id, project.id, project.namespace_id, 10 * project.id,
       4096 * project.id, 1024 * project.id, coalesce(artifacts.size, 0),
       5120 * project.id + coalesce(artifacts.size, 0), $1, $1
FROM projects AS project
LEFT JOIN (SELECT project_id, sum(size) AS size
           FROM ci_pipeline_artifacts
           GROUP BY project_id) AS artifacts
  ON artifacts.project_id = project.id
WHERE $2 = 0 OR project.id % 10 <> 4
ORDER BY project.id
)sql"};

/// The rows were given their ids; the next ones get theirs from here.
inline const Query advance_sequences{"seed.advance_sequences", R"sql(
SELECT setval(pg_get_serial_sequence('projects', 'id'),
              (SELECT max(id) FROM projects)),
       setval(pg_get_serial_sequence('project_statistics', 'id'),
              (SELECT max(id) FROM project_statistics)),
       setval(pg_get_serial_sequence('ci_pipelines', 'id'),
              (SELECT max(id) FROM ci_pipelines)),
       setval(pg_get_serial_sequence('ci_pipeline_artifacts', 'id'),
              (SELECT max(id) FROM ci_pipeline_artifacts))
)sql"};

inline const Query insert_entries{"seed.insert_entries", R"sql(
INSERT INTO ci_deleted_objects (file_store, pick_up_at, store_dir, file)
SELECT entry.file_store, $2 + entry.due_in * interval '1 second',
       entry.directory, entry.file
FROM ROWS FROM (jsonb_to_recordset($1::jsonb) AS (
    file_store smallint, due_in bigint, directory text, file text))
WITH ORDINALITY AS entry(file_store, due_in, directory, file, number)
ORDER BY entry.number
)sql"};

/// A live row is looked for where a run samples its store: those that expire
/// next, and the newest.
inline const Query open_objects{"seed.open_objects", R"sql(
DECLARE seed_object NO SCROLL CURSOR FOR
SELECT artifact.id, artifact.project_id, artifact.pipeline_id, artifact.file,
       artifact.size,
       coalesce(artifact.expire_at < $1
                AND (artifact.locked = 0 OR pipeline.locked = 0), false),
       artifact.file_store::bigint
FROM ci_pipeline_artifacts AS artifact
JOIN ci_pipelines AS pipeline ON pipeline.id = artifact.pipeline_id
WHERE (artifact.file_store = 1 OR $3 = 1)
  AND ($2 = 1
       OR artifact.expire_at < $1
          AND (artifact.locked = 0 OR pipeline.locked = 0)
       OR artifact.id IN ((SELECT id
                           FROM ci_pipeline_artifacts
                           WHERE expire_at >= $1
                           ORDER BY expire_at, id
                           LIMIT 200)
                          UNION ALL
                          (SELECT id
                           FROM ci_pipeline_artifacts
                           WHERE expire_at >= $1
                           ORDER BY id DESC
                           LIMIT 200)))
ORDER BY artifact.project_id, artifact.pipeline_id, artifact.id
)sql"};

inline const Query next_objects{"seed.next_objects",
                                "FETCH 100 FROM seed_object"};

inline constexpr const char* vacuum = "VACUUM (ANALYZE) ";

}  // namespace db::seed_queries
