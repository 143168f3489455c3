#pragma once

#include "db/query.hpp"

// What fills the tables of db/schema_builds.sql, in the manner of
// db/seed_queries.hpp, whose chance() it uses.  Included by db/seed_jobs.cpp
// alone.

namespace db::seed_queries {

inline const Query prepare_jobs{"seed.prepare_jobs", R"sql(
-- The shapes of pipelines, what is in each, and the chunks of each trace.
CREATE TEMP TABLE seed_shape (shape bigint, status text) ON COMMIT DROP;
CREATE TEMP TABLE seed_stage (
    shape bigint, position integer, status integer
) ON COMMIT DROP;
CREATE TEMP TABLE seed_job (
    shape bigint, number bigint, status text, type text, position integer,
    allow_failure boolean, retried boolean, dropped_before boolean,
    uses_resource boolean
) ON COMMIT DROP;
CREATE TEMP TABLE seed_trace (
    trace bigint, chunk_index integer, length integer
) ON COMMIT DROP;

-- The pipelines: which user, shape, turn and project each is of.
CREATE TEMP TABLE seed_pipeline (
    id bigint, user_id bigint, shape bigint, turn bigint, project_id bigint
) ON COMMIT DROP;
CREATE TEMP TABLE seed_chunk (
    build_id bigint, chunk_index integer, length integer, data_store integer
) ON COMMIT DROP;

-- As long as a chunk, and nothing that TOAST could compress.
CREATE TEMP TABLE seed_text (content text) ON COMMIT DROP;

CREATE FUNCTION pg_temp.trace_bytes(chunk seed_chunk)
RETURNS bytea LANGUAGE sql STABLE AS $$
SELECT convert_to(left(format(E'job %s, chunk %s\n', chunk.build_id,
                              chunk.chunk_index) || content, chunk.length),
                  'UTF8')
FROM seed_text
$$;
)sql"};

inline const Query insert_shapes{"seed.insert_shapes", R"sql(
INSERT INTO seed_shape
SELECT * FROM jsonb_to_recordset($1::jsonb) AS row(shape bigint, status text)
)sql"};

inline const Query insert_shape_stages{"seed.insert_shape_stages", R"sql(
INSERT INTO seed_stage
SELECT * FROM jsonb_to_recordset($1::jsonb) AS row(
    shape bigint, position integer, status integer)
)sql"};

inline const Query insert_shape_jobs{"seed.insert_shape_jobs", R"sql(
INSERT INTO seed_job
SELECT * FROM jsonb_to_recordset($1::jsonb) AS row(
    shape bigint, number bigint, status text, type text, position integer,
    allow_failure boolean, retried boolean, dropped_before boolean,
    uses_resource boolean)
)sql"};

inline const Query insert_traces{"seed.insert_traces", R"sql(
INSERT INTO seed_trace
SELECT * FROM jsonb_to_recordset($1::jsonb) AS row(
    trace bigint, chunk_index integer, length integer)
)sql"};

inline const Query insert_text{"seed.insert_text", R"sql(
INSERT INTO seed_text
SELECT string_agg(md5($1 || ' ' || number), E'\n' ORDER BY number)
FROM generate_series(1, 4000) AS number
)sql"};

inline const Query insert_users{"seed.insert_users", R"sql(
INSERT INTO users (id, state)
SELECT number, CASE WHEN number <= $1 THEN 'blocked'
                    ELSE ($2::text[])[number - $1] END
FROM generate_series(1, $1 + cardinality($2::text[])) AS number
)sql"};

/// Of each user one that is active, and one that is not.
inline const Query insert_schedules{"seed.insert_schedules", R"sql(
INSERT INTO ci_pipeline_schedules
    (description, ref, cron, project_id, owner_id, active, created_at,
     updated_at)
SELECT 'schedule ' || number, 'main', '0 4 * * *', 1, users.id, number = 1,
       moment, moment
FROM users
CROSS JOIN generate_series(0, 1) AS number
CROSS JOIN LATERAL (
    SELECT $1::timestamptz AT TIME ZONE 'UTC' - interval '90 days'
) AS creation(moment)
ORDER BY users.id, number
)sql"};

inline const Query place_pipelines{"seed.place_pipelines", R"sql(
INSERT INTO seed_pipeline
SELECT (SELECT coalesce(max(id), 0) FROM ci_pipelines) + number + 1,
       1 + number / $2, number % $3, number / $3, 1 + number / $3 % $4
FROM generate_series(0, $1 - 1) AS number
)sql"};

inline const Query insert_refs{"seed.insert_refs", R"sql(
INSERT INTO ci_refs (id, project_id, status, ref_path)
SELECT 1 + turn, project_id, turn % 2, 'refs/heads/branch-' || turn
FROM seed_pipeline
GROUP BY turn, project_id
)sql"};

/// What is over ended a day ago or a little more; the rest began within the
/// last three hours.
inline const Query insert_user_pipelines{"seed.insert_user_pipelines", R"sql(
INSERT INTO ci_pipelines
    (id, ref, sha, created_at, updated_at, started_at, finished_at, duration,
     project_id, status, user_id, source, config_source, iid, ci_ref_id)
SELECT place.id, 'branch-' || turn, lpad(to_hex(place.id), 40, '0'), begun,
       coalesce(finished_at, begun), started_at, finished_at,
       extract(epoch FROM finished_at - started_at),
       project_id, shape.status, user_id, 1, 1, place.id, 1 + turn
FROM seed_pipeline AS place
JOIN seed_shape AS shape USING (shape)
CROSS JOIN LATERAL (
    SELECT shape.status IN ('success', 'failed', 'canceled'),
           $1::timestamptz AT TIME ZONE 'UTC'
) AS known(is_over, base)
CROSS JOIN LATERAL (
    SELECT CASE WHEN is_over THEN base - interval '25 hours'
                ELSE base - interval '1 hour' END
           - interval '2 hours' * pg_temp.chance(place.id, $2)
) AS beginning(begun)
CROSS JOIN LATERAL (
    SELECT CASE WHEN shape.status NOT IN ('created', 'preparing', 'pending',
                                          'skipped')
           THEN begun + interval '1 minute' END,
           CASE WHEN is_over THEN begun + interval '20 minutes' END
) AS moments(started_at, finished_at)
)sql"};

inline const Query insert_stages{"seed.insert_stages", R"sql(
INSERT INTO ci_stages
    (project_id, pipeline_id, created_at, updated_at, name, status, position)
SELECT pipeline.project_id, pipeline.id, pipeline.created_at,
       pipeline.created_at,
       coalesce((ARRAY['build', 'test', 'deploy'])[stage.position + 1],
                'stage-' || stage.position),
       stage.status, stage.position
FROM seed_pipeline AS place
JOIN ci_pipelines AS pipeline USING (id)
JOIN seed_stage AS stage USING (shape)
ORDER BY pipeline.id, stage.position
)sql"};

inline const Query insert_resource_groups{"seed.insert_resource_groups", R"sql(
INSERT INTO ci_resource_groups (id, created_at, updated_at, project_id, key)
SELECT 1 + turn, $1, $1, project_id, 'production-' || turn
FROM seed_pipeline
JOIN seed_job USING (shape)
WHERE uses_resource
GROUP BY turn, project_id
)sql"};

inline const Query insert_jobs{"seed.insert_jobs", R"sql(
INSERT INTO ci_builds
    (id, status, finished_at, created_at, updated_at, started_at, runner_id,
     commit_id, name, allow_failure, stage, stage_idx, ref, user_id, type,
     project_id, "when", queued_at, lock_version, retried, failure_reason,
     scheduled_at, token_encrypted, resource_group_id, waiting_for_resource_at,
     processed, stage_id)
SELECT job.id, job.status, finish.moment, pipeline.created_at,
       coalesce(finish.moment, start.moment, pipeline.created_at), start.moment,
       CASE WHEN has_started AND is_build THEN 1 + job.id % 50 END,
       pipeline.id, stage.name || ' ' || job.number, job.allow_failure,
       stage.name, stage.position, pipeline.ref, pipeline.user_id, job.type,
       pipeline.project_id,
       CASE job.status WHEN 'manual' THEN 'manual' WHEN 'scheduled'
            THEN 'delayed' ELSE 'on_success' END,
       CASE WHEN has_started OR job.status = 'pending'
            THEN pipeline.created_at END,
       job.dropped_before::integer, nullif(job.retried, false),
       CASE WHEN job.dropped_before THEN 14
            WHEN job.status = 'failed' THEN 1 END,
       CASE WHEN job.status = 'scheduled' THEN $1 + interval '1 day' END,
       CASE WHEN is_build AND finish.moment IS NULL
            THEN 'token-' || job.id END,
       CASE WHEN job.uses_resource THEN 1 + job.turn END,
       CASE WHEN job.status = 'waiting_for_resource'
            THEN $1 - interval '10 minutes' END,
       true, stage.id
FROM (SELECT row_number() OVER (ORDER BY place.id, job.number) AS id,
             place.id AS pipeline_id, place.turn, job.*
      FROM seed_pipeline AS place
      JOIN seed_job AS job USING (shape)) AS job
JOIN ci_pipelines AS pipeline ON pipeline.id = job.pipeline_id
JOIN ci_stages AS stage ON stage.pipeline_id = job.pipeline_id
                       AND stage.position = job.position
CROSS JOIN LATERAL (
    SELECT job.type = 'Ci::Build',
           job.status IN ('running', 'success', 'failed', 'canceled')
) AS known(is_build, has_started)
CROSS JOIN LATERAL (
    SELECT CASE WHEN has_started
           THEN pipeline.created_at + interval '1 minute'
                + interval '9 minutes' * pg_temp.chance(job.id, $2) END
) AS start(moment)
CROSS JOIN LATERAL (
    SELECT CASE WHEN job.dropped_before THEN pipeline.finished_at
                WHEN job.status <> 'running'
                THEN start.moment + interval '5 minutes' END
) AS finish(moment)
)sql"};

inline const Query insert_pending{"seed.insert_pending", R"sql(
INSERT INTO ci_pending_builds (build_id, project_id, created_at)
SELECT id, project_id, $1
FROM ci_builds
WHERE status = 'pending' AND type = 'Ci::Build'
ORDER BY id
)sql"};

inline const Query insert_running{"seed.insert_running", R"sql(
INSERT INTO ci_running_builds
    (build_id, project_id, runner_id, created_at, runner_type)
SELECT id, project_id, runner_id, $1, 1
FROM ci_builds
WHERE status = 'running' AND type = 'Ci::Build'
ORDER BY id
)sql"};

inline const Query insert_sessions{"seed.insert_sessions", R"sql(
INSERT INTO ci_builds_runner_session (build_id, url)
SELECT build_id, 'https://runner-' || runner_id || '.example:8093'
FROM ci_running_builds
ORDER BY build_id
)sql"};

/// A group's only resource is held by the job that is not waiting for it.
inline const Query insert_resources{"seed.insert_resources", R"sql(
INSERT INTO ci_resources
    (created_at, updated_at, resource_group_id, build_id)
SELECT $1, $1, id,
       (SELECT min(job.id)
        FROM ci_builds AS job
        WHERE job.resource_group_id = resource_group.id
          AND job.status <> 'waiting_for_resource')
FROM ci_resource_groups AS resource_group
ORDER BY id
)sql"};

inline const Query insert_deployments{"seed.insert_deployments", R"sql(
INSERT INTO deployments
    (project_id, deployable_type, deployable_id, status, created_at,
     updated_at, finished_at)
SELECT project_id, 'CommitStatus', id,
       CASE status WHEN 'running' THEN 1 WHEN 'success' THEN 2
                   WHEN 'failed' THEN 3 WHEN 'canceled' THEN 4
                   WHEN 'skipped' THEN 5 WHEN 'manual' THEN 6 ELSE 0 END,
       created_at, updated_at, finished_at AT TIME ZONE 'UTC'
FROM ci_builds
WHERE stage = 'deploy' AND type = 'Ci::Build'
ORDER BY id
)sql"};

inline const Query place_chunks{"seed.place_chunks", R"sql(
INSERT INTO seed_chunk
SELECT carrier.id, chunk.chunk_index, chunk.length,
       ($3::bigint[])[1 + carrier.number % cardinality($3::bigint[])]
FROM (SELECT id, (row_number() OVER (ORDER BY id) - 1) AS place,
             (row_number() OVER (ORDER BY id) - 1) / $1 AS number
      FROM ci_builds
      WHERE status = 'running' AND type = 'Ci::Build'
         OR failure_reason = 14) AS carrier
JOIN seed_trace AS chunk ON chunk.trace = carrier.number % $2
WHERE carrier.place % $1 = 0
)sql"};

inline const Query insert_chunks{"seed.insert_chunks", R"sql(
INSERT INTO ci_build_trace_chunks
    (build_id, chunk_index, data_store, raw_data)
SELECT build_id, chunk_index, data_store,
       CASE WHEN data_store = 2 THEN pg_temp.trace_bytes(chunk) END
FROM seed_chunk AS chunk
ORDER BY build_id, chunk_index
)sql"};

inline const Query open_chunks{"seed.open_chunks", R"sql(
DECLARE seed_elsewhere NO SCROLL CURSOR FOR
SELECT data_store::bigint, build_id, chunk_index::bigint,
       pg_temp.trace_bytes(chunk)
FROM seed_chunk AS chunk
WHERE data_store <> 2
ORDER BY build_id, chunk_index
)sql"};

inline const Query next_chunks{"seed.next_chunks",
                               "FETCH 64 FROM seed_elsewhere"};

/// What is referred to was given its ids; the next ones come from here.
inline const Query advance_job_sequences{"seed.advance_job_sequences", R"sql(
SELECT setval(pg_get_serial_sequence('users', 'id'),
              (SELECT max(id) FROM users)),
       setval(pg_get_serial_sequence('ci_refs', 'id'),
              (SELECT max(id) FROM ci_refs)),
       setval(pg_get_serial_sequence('ci_pipelines', 'id'),
              (SELECT max(id) FROM ci_pipelines)),
       setval(pg_get_serial_sequence('ci_resource_groups', 'id'),
              (SELECT max(id) FROM ci_resource_groups)),
       setval(pg_get_serial_sequence('ci_builds', 'id'),
              (SELECT max(id) FROM ci_builds))
)sql"};

}  // namespace db::seed_queries
