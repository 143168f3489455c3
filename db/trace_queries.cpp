#include "db/trace_queries.hpp"

#include "db/shard.hpp"

namespace db {
namespace {

// A loose index scan: one probe for each build, whatever the number of its
// chunks.  What a crash or a bulk abort left without finished_at was last
// touched when it ended.
const Query walk_traces{"traces.walk", R"sql(
WITH RECURSIVE step (build_id, partition_id, n) AS (
    (SELECT c.build_id,
            {if ci_build_trace_chunks.partition_id}c.partition_id{else}
            0::bigint{end}, 1::bigint
     FROM {ci_build_trace_chunks} AS c
     WHERE c.build_id > $1
     ORDER BY c.build_id
     LIMIT 1)
    UNION ALL
    SELECT next.build_id, next.partition_id, step.n + 1
    FROM step
    CROSS JOIN LATERAL (
        SELECT c.build_id,
               {if ci_build_trace_chunks.partition_id}c.partition_id{else}
               0::bigint AS partition_id{end}
        FROM {ci_build_trace_chunks} AS c
        WHERE c.build_id > step.build_id
        ORDER BY c.build_id
        LIMIT 1) AS next
    WHERE step.n < $2
),
met AS (
    SELECT s.build_id, s.partition_id, b.project_id, b.status, b.failure_reason,
           coalesce(b.finished_at, b.updated_at) AS ended_at,
           ($5::bigint[] = '{}' OR b.project_id = ANY ($5::bigint[]))
               AND b.project_id <> ALL ($6::bigint[])
               AND )sql" + in_shard("s.build_id", "$7", "$8") +
                                           R"sql( AS is_ours
    FROM step AS s
    LEFT JOIN {ci_builds} AS b
        ON b.id = s.build_id
           {if ci_builds.partition_id ci_build_trace_chunks.partition_id}
           AND b.partition_id = s.partition_id{end}
)
SELECT build_id::bigint, coalesce(project_id, 0)::bigint, partition_id,
       CASE
           WHEN is_ours AND $4 <> 0
               AND status IN ('success', 'failed', 'canceled')
               AND ended_at < now() AT TIME ZONE 'UTC' - interval '12 hours'
           THEN 0
           WHEN is_ours AND status = 'failed' AND failure_reason = 14
           THEN greatest(0, ceil(1000 * extract(epoch FROM
                    ended_at + $3 * interval '1 second'
                        - now() AT TIME ZONE 'UTC')))::bigint
       END::bigint
FROM met
ORDER BY build_id
)sql"};

const Query read_chunks{"traces.chunks", R"sql(
SELECT id::bigint, build_id::bigint, chunk_index::bigint, data_store::bigint,
       coalesce(lock_version, -1)::bigint, octet_length(raw_data)::bigint,
       checksum IS NOT NULL
FROM {ci_build_trace_chunks}
WHERE build_id = ANY ($1::bigint[])
ORDER BY build_id, chunk_index
)sql"};

const Query chunk_bytes{"traces.chunk_bytes", R"sql(
SELECT id::bigint, raw_data
FROM {ci_build_trace_chunks}
WHERE id = ANY ($1::bigint[]) AND data_store = 2 AND raw_data IS NOT NULL
)sql"};

const Query trace_artifacts{"traces.artifacts", R"sql(
SELECT id::bigint, job_id::bigint, created_at, file IS NOT NULL,
       file_store::bigint, coalesce(convert_from(file_sha256, 'SQL_ASCII'), '')
FROM {ci_job_artifacts}
WHERE job_id = ANY ($1::bigint[]) AND file_type = 3
  {if ci_job_artifacts.partition_id ci_build_trace_chunks.partition_id}
  AND partition_id = ANY ($2::bigint[]){end}
)sql"};

// A thousand rows back from the newest, off the primary key: most jobs have a
// trace.
const Query recent_archive_store{"traces.recent_store", R"sql(
SELECT recent.file_store::bigint
FROM (SELECT file_type, file_store, file
      FROM {ci_job_artifacts}
      ORDER BY id DESC
      LIMIT 1000) AS recent
WHERE recent.file_type = 3 AND recent.file IS NOT NULL
GROUP BY recent.file_store
ORDER BY count(*) DESC, recent.file_store
LIMIT 1
)sql"};

// What GitLab leaves at its default or NULL stays so: expire_at (a trace never
// expires), file_format, file_location, locked.
const Query insert_trace{"traces.insert", R"sql(
INSERT INTO {ci_job_artifacts}
    (project_id, job_id, file_type, created_at, updated_at
     {if ci_job_artifacts.partition_id ci_builds.partition_id}, partition_id
     {end})
SELECT b.project_id, b.id, 3, now(), now()
       {if ci_job_artifacts.partition_id ci_builds.partition_id}
       , b.partition_id{end}
FROM {ci_builds} AS b
WHERE b.id = ANY ($1::bigint[])
  {if ci_builds.partition_id ci_build_trace_chunks.partition_id}
  AND b.partition_id = ANY ($2::bigint[]){end}
  AND b.status IN ('success', 'failed', 'canceled', 'skipped')
ON CONFLICT DO NOTHING
RETURNING id::bigint, job_id::bigint, created_at, false, 1::bigint, ''::text
)sql"};

const Query complete_trace{"traces.complete", R"sql(
WITH stored AS (
    SELECT *
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[],
                $5::text[], $6::text[])
        AS s (id, job_id, file_store, size, sha256, md5)
),
chunk AS (
    SELECT *
    FROM unnest($7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[])
        AS k (id, build_id, lock_version, data_store)
),
there AS MATERIALIZED (
    SELECT c.id, c.build_id, c.lock_version, c.data_store
    FROM {ci_build_trace_chunks} AS c
    WHERE c.build_id = ANY ($2::bigint[])
),
changed AS MATERIALIZED (
    SELECT coalesce(t.build_id, k.build_id) AS job_id
    FROM there AS t
    FULL JOIN chunk AS k
        ON k.id = t.id
       AND k.lock_version IS NOT DISTINCT FROM coalesce(t.lock_version, -1)
       AND k.data_store = t.data_store
    WHERE t.id IS NULL OR k.id IS NULL
),
filed AS (
    UPDATE {ci_job_artifacts} AS a
    SET file = 'job.log',
        file_store = s.file_store,
        file_sha256 = convert_to(s.sha256, 'SQL_ASCII'),
        size = s.size,
        updated_at = now()
    FROM stored AS s
    WHERE a.id = s.id
      AND a.job_id = s.job_id
      AND a.file_type = 3
      AND a.file IS NULL
      AND s.job_id NOT IN (SELECT job_id FROM changed)
      {if ci_job_artifacts.partition_id ci_build_trace_chunks.partition_id}
      AND a.partition_id = ANY ($11::bigint[]){end}
    RETURNING a.id, a.job_id, a.project_id, s.md5
              {if ci_job_artifacts.partition_id}, a.partition_id{end}
)
{if ci_build_trace_metadata},
metadata AS (
    INSERT INTO {ci_build_trace_metadata} AS m
        (build_id, trace_artifact_id, checksum, archived_at
         {if ci_build_trace_metadata.partition_id}, partition_id{end}
         {if ci_build_trace_metadata.project_id}, project_id{end})
    SELECT job_id, id, convert_to(md5, 'SQL_ASCII'), now()
           {if ci_build_trace_metadata.partition_id}, partition_id{end}
           {if ci_build_trace_metadata.project_id}, project_id{end}
    FROM filed
    ON CONFLICT (build_id{if parted_metadata}, partition_id{end}) DO UPDATE
    SET trace_artifact_id = excluded.trace_artifact_id,
        checksum = excluded.checksum,
        archived_at = excluded.archived_at
){end}
SELECT job_id::bigint FROM filed
)sql"};

const Query forget_chunks{"traces.forget", R"sql(
WITH chunk AS (
    SELECT *
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[])
        AS k (id, build_id, lock_version, data_store)
),
held AS MATERIALIZED (
    SELECT c.id
    FROM {ci_build_trace_chunks} AS c
    JOIN chunk AS k ON k.id = c.id
    WHERE k.lock_version IS NOT DISTINCT FROM coalesce(c.lock_version, -1)
      AND k.data_store = c.data_store
    ORDER BY c.id
    FOR UPDATE OF c
),
gone AS (
    DELETE FROM {ci_build_trace_chunks} AS c
    USING held
    WHERE c.id = held.id
    RETURNING c.id
)
{if ci_build_pending_states},
state AS (
    DELETE FROM {ci_build_pending_states} AS p
    WHERE p.build_id = ANY ($2::bigint[])
      AND NOT EXISTS (SELECT
                      FROM {ci_build_trace_chunks} AS c
                      WHERE c.build_id = p.build_id
                        AND c.id NOT IN (SELECT id FROM held))
){end}
SELECT count(*) FROM gone
)sql"};

}  // namespace

const Query& walk_traces_query() {
  return walk_traces;
}

const Query& chunks_query() {
  return read_chunks;
}

const Query& chunk_bytes_query() {
  return chunk_bytes;
}

const Query& trace_artifacts_query() {
  return trace_artifacts;
}

const Query& recent_archive_store_query() {
  return recent_archive_store;
}

const Query& insert_trace_query() {
  return insert_trace;
}

const Query& complete_trace_query() {
  return complete_trace;
}

const Query& forget_chunks_query() {
  return forget_chunks;
}

}  // namespace db
