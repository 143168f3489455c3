#include "db/artifact_queries.hpp"

#include <string>

namespace db {
namespace {

// coalesce() keeps the planner off the indexes on expire_at: where statistics
// are old it takes the few expired rows that they promise for cheaper than
// 1,000 ids, and then walks all there are, dead ones too, for every batch.
const std::string is_as_read = R"sql(
      a.id = ANY ($2::bigint[])
      AND coalesce(a.expire_at, 'infinity') < $1::timestamptz
      AND a.file = ANY ($3::text[])
      AND coalesce(a.file_store, 1) = ANY ($4::bigint[]))sql";

const std::string is_unlocked = is_as_read + R"sql(
      AND a.locked = 0)sql";

// The rows are locked in id order, so that two runs can't wait for each other,
// and FOR UPDATE reads the conditions again on the newest version of each row:
// what was locked, prolonged or renamed meanwhile is not held.
const std::string hold_unlocked = R"sql(
WITH held AS MATERIALIZED (
    SELECT a.id
    FROM {ci_pipeline_artifacts} AS a
    WHERE)sql" + is_unlocked + R"sql(
    ORDER BY a.id
    FOR UPDATE OF a SKIP LOCKED
),)sql";

// Rows are not locked first: a conflict is waited for, and DELETE reads the
// conditions again as FOR UPDATE does.  A lock of its own costs each row
// another visit and WAL: 53,925 rows took 1,962 ms, and 1,399 without.
const std::string delete_unlocked = R"sql(
WITH destroyed AS (
    DELETE FROM {ci_pipeline_artifacts} AS a
    WHERE)sql" + is_unlocked;

// FOR SHARE keeps the pipeline from being locked until we have committed; one
// that is being locked right now is skipped.
const std::string hold_legacy = R"sql(
WITH held AS MATERIALIZED (
    SELECT a.id
    FROM {ci_pipeline_artifacts} AS a
    JOIN {ci_pipelines} AS p
        ON p.id = a.pipeline_id{if ci_pipeline_artifacts.partition_id ci_pipelines.partition_id}
       AND p.partition_id = a.partition_id{end}
    WHERE)sql" + is_as_read + R"sql(
      AND p.locked = 0
    ORDER BY a.id
    FOR UPDATE OF a SKIP LOCKED
    FOR SHARE OF p SKIP LOCKED
),)sql";

const std::string delete_held = R"sql(
destroyed AS (
    DELETE FROM {ci_pipeline_artifacts} AS a
    USING held
    WHERE a.id = held.id)sql";

// The path is GitLab's hashed path (stores/object_key.hpp has it for the look
// before the DELETE; a test holds the two together).
//
// The hash is taken for each row, not for each project: joined to the rows, it
// was looked for in a nested loop wherever the planner expected few of them.
const std::string tell_deleted = R"sql(
    RETURNING a.id, a.project_id, a.pipeline_id, a.size,
              coalesce(a.file_store, 1) AS file_store, a.file,
              encode(sha256(a.project_id::text::bytea), 'hex') AS hash
),
freed AS MATERIALIZED (
    SELECT project_id, sum(size)::bigint AS bytes
    FROM destroyed
    GROUP BY project_id
),)sql";

const std::string queue_objects = R"sql(
queued AS (
    INSERT INTO {ci_deleted_objects}
        (file_store, pick_up_at, store_dir, file
         {if ci_deleted_objects.project_id}, project_id{end})
    SELECT file_store, now() + $5::bigint * interval '1 second',
           substr(hash, 1, 2) || '/' || substr(hash, 3, 2) || '/' || hash ||
               '/pipelines/' || pipeline_id || '/artifacts/' || id,
           file
           {if ci_deleted_objects.project_id}, project_id{end}
    FROM destroyed
    RETURNING id, file_store, store_dir, file
))sql";

const std::string is_not_pending = R"sql(
NOT EXISTS (SELECT 1
            FROM {projects} AS p
            WHERE p.id = s.project_id
              AND p.pending_delete))sql";

// In project order, so that two runs can't wait for each other.
const std::string hold_statistics = R"sql({if statistics},
counted AS MATERIALIZED (
    SELECT s.id, freed.bytes
    FROM {project_statistics} AS s
    JOIN freed ON freed.project_id = s.project_id
    {if projects.pending_delete}WHERE )sql" +
                                    is_not_pending + R"sql({end}
    ORDER BY s.project_id
    FOR UPDATE OF s
){end})sql";

/// \param of the rows that say how much goes.
/// \param where which of them belongs to a row of the statistics.
std::string write_statistics(const std::string& of, const std::string& where) {
  return R"sql({if statistics},
statistics AS (
    UPDATE {project_statistics} AS s
    SET pipeline_artifacts_size =
            coalesce(s.pipeline_artifacts_size, 0) - freed.bytes
        {if with_storage},
        storage_size = coalesce(s.storage_size, 0) - freed.bytes
        {end}
    FROM )sql" +
         of + " AS freed\n    WHERE " + where + "\n){end}";
}

const std::string subtract =
    hold_statistics + write_statistics("counted", "s.id = freed.id");

const std::string subtract_at_once =
    write_statistics("freed",
                     "s.project_id = freed.project_id"
                     "{if projects.pending_delete} AND " +
                         is_not_pending + "{end}");

// Nothing reads `statistics`, so PostgreSQL runs it last.
const std::string tell_destroyed = R"sql(
SELECT id, file_store::bigint, store_dir, file, NULL::bigint[], NULL::bigint
FROM queued
UNION ALL
SELECT NULL, NULL, NULL, NULL, array_agg(id), sum(size)::bigint
FROM destroyed
{if statistics}{else}
UNION ALL
SELECT NULL, project_id, NULL, NULL, NULL, bytes
FROM freed
{end}
)sql";

}  // namespace

const Query& destroy_query(Selection selection, Held held) {
  const std::string rest =
      delete_held + tell_deleted + queue_objects + subtract + tell_destroyed;
  static const Query unlocked{"artifacts.destroy_unlocked",
                              hold_unlocked + rest};
  static const Query legacy{"artifacts.destroy_legacy", hold_legacy + rest};
  static const Query at_once{"artifacts.destroy_at_once",
                             delete_unlocked + tell_deleted + queue_objects +
                                 subtract_at_once + tell_destroyed};
  if (selection == Selection::legacy)
    return legacy;
  return held == Held::awaited ? at_once : unlocked;
}

const Query& subtract_bytes_query() {
  static const Query query{"statistics.subtract",
                           R"sql(
WITH freed AS (
    SELECT *
    FROM unnest($1::bigint[], $2::bigint[]) AS f (project_id, bytes)
))sql" + subtract + R"sql(
SELECT count(*) FROM freed
)sql"};
  return query;
}

}  // namespace db
