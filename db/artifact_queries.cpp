#include "db/artifact_queries.hpp"

#include "db/shard.hpp"

#include <string>

namespace db {
namespace {

const std::string artifact_columns = R"sql(
SELECT a.id, a.project_id, a.pipeline_id, a.size,
       coalesce(a.file_store, 1) AS file_store,
       {if ci_pipeline_artifacts.locked}a.locked{else}NULL::smallint{end},
       a.expire_at, a.file,
       {if ci_pipeline_artifacts.partition_id}a.partition_id{else}0{end}
FROM {ci_pipeline_artifacts} AS a)sql";

// No order among rows of one expire_at: the index knows none, and would have
// all of them read and sorted for each page.
const std::string page_end = R"sql(
  AND a.expire_at < $2::timestamptz
ORDER BY a.expire_at
LIMIT $3::bigint
)sql";

// coalesce() keeps the planner off the indexes on expire_at, where a mass of
// rows of one moment can't be entered in its midst: what a window reads is
// bounded by its ids.
const std::string walk_end = R"sql(
WHERE a.id BETWEEN $2::bigint AND $3::bigint
  AND coalesce(a.expire_at, 'infinity') = $1::timestamptz)sql";
const std::string walk_order = R"sql(
ORDER BY a.id
LIMIT $4::bigint
)sql";

const std::string counted_filter = R"sql(
        AND (cardinality($2::bigint[]) = 0
             OR a.project_id = ANY ($2::bigint[]))
        AND a.project_id <> ALL ($3::bigint[])
        AND coalesce(a.file_store, 1) = ANY ($4::bigint[])
        AND )sql" + in_shard("a.project_id", "$6", "$7") +
                                   R"sql(
      ORDER BY a.expire_at
      LIMIT $5::bigint OFFSET $8::bigint) AS expired
)sql";

const std::string counted_expired = R"sql(
SELECT count(*), min(expire_at)
FROM (SELECT a.expire_at
      FROM {ci_pipeline_artifacts} AS a
      {if ci_pipeline_artifacts.locked}{else}
      JOIN {ci_pipelines} AS p
          ON p.id = a.pipeline_id AND p.locked = 0
      {end}
      WHERE a.expire_at < $1::timestamptz)sql";

}  // namespace

const Query& page_query(Selection selection) {
  static const Query unlocked{
      "artifacts.page_unlocked",
      artifact_columns +
          "\nWHERE a.locked = 0\n  AND a.expire_at >= $1::timestamptz" +
          page_end,
      /*in_index_order=*/true};
  static const Query legacy{
      "artifacts.page_expired",
      artifact_columns + "\nWHERE a.expire_at >= $1::timestamptz" + page_end,
      /*in_index_order=*/true};
  return selection == Selection::unlocked ? unlocked : legacy;
}

const Query& walk_query(Selection selection) {
  static const Query unlocked{
      "artifacts.walk_unlocked",
      artifact_columns + walk_end + "\n  AND a.locked = 0" + walk_order,
      /*in_index_order=*/true};
  static const Query legacy{"artifacts.walk_expired",
                            artifact_columns + walk_end + walk_order,
                            /*in_index_order=*/true};
  return selection == Selection::unlocked ? unlocked : legacy;
}

const Query& id_range_query() {
  static const Query query{"artifacts.id_range", R"sql(
SELECT min(id), max(id)
FROM {ci_pipeline_artifacts}
)sql",
                           /*in_index_order=*/true};
  return query;
}

// OFFSET 0, or the planner looks for the least id along the primary key, past
// every row that expires at another moment.
const Query& tie_range_query(Selection selection) {
  const std::string start = R"sql(
SELECT min(id), max(id)
FROM (SELECT a.id
      FROM {ci_pipeline_artifacts} AS a
      WHERE a.expire_at = $1::timestamptz)sql";
  const std::string end = " OFFSET 0) AS tie\n";
  static const Query unlocked{"artifacts.tie_range_unlocked",
                              start + " AND a.locked = 0" + end};
  static const Query legacy{"artifacts.tie_range_expired", start + end};
  return selection == Selection::unlocked ? unlocked : legacy;
}

const Query& rows_query(Selection selection) {
  const std::string by_id =
      "\nWHERE a.id = ANY ($2::bigint[])"
      "\n  AND coalesce(a.expire_at, 'infinity') < $1::timestamptz";
  static const Query unlocked{
      "artifacts.rows_unlocked",
      artifact_columns + by_id + "\n  AND a.locked = 0\nORDER BY a.id"};
  static const Query legacy{"artifacts.rows_expired",
                            artifact_columns + by_id + "\nORDER BY a.id"};
  return selection == Selection::unlocked ? unlocked : legacy;
}

const Query& resolve_query() {
  static const Query query{"artifacts.resolve", R"sql(
WITH held AS MATERIALIZED (
    SELECT a.id
    FROM {ci_pipeline_artifacts} AS a
    JOIN {ci_pipelines} AS p
        ON p.id = a.pipeline_id{if ci_pipeline_artifacts.partition_id ci_pipelines.partition_id}
       AND p.partition_id = a.partition_id{end}
    WHERE a.id = ANY ($1::bigint[])
      AND (a.locked = 2 OR a.locked IS NULL)
      AND p.locked = 1
    ORDER BY a.id
    FOR UPDATE OF a SKIP LOCKED
    FOR SHARE OF p SKIP LOCKED
),
resolved AS (
    UPDATE {ci_pipeline_artifacts} AS a
    SET locked = 1
    FROM held
    WHERE a.id = held.id
    RETURNING a.id
)
SELECT count(*) FROM resolved
)sql"};
  return query;
}

const Query& count_unlocked_query() {
  static const Query query{
      "artifacts.count_unlocked",
      counted_expired +
          "{if ci_pipeline_artifacts.locked}\n        AND a.locked = 0{end}" +
          counted_filter};
  return query;
}

const Query& count_unknown_query() {
  static const Query query{
      "artifacts.count_unknown",
      counted_expired + "\n        AND (a.locked = 2 OR a.locked IS NULL)" +
          counted_filter};
  return query;
}

const Query& pages_query() {
  static const Query query{"artifacts.pages", R"sql(
SELECT pg_relation_size(to_regclass('ci_pipeline_artifacts'))
       / current_setting('block_size')::bigint
)sql"};
  return query;
}

const Query& share_query() {
  static const Query query{"artifacts.share", R"sql(
SELECT round(rows * greatest(1, $9::bigint::numeric / $8))::bigint,
       coalesce(1000000 * gone / nullif(rows, 0), 0)
FROM (SELECT count(*) AS rows,
             count(*) FILTER (
                 WHERE a.expire_at < $1::timestamptz
                   AND (cardinality($2::bigint[]) = 0
                        OR a.project_id = ANY ($2::bigint[]))
                   AND a.project_id <> ALL ($3::bigint[])
                   AND coalesce(a.file_store, 1) = ANY ($4::bigint[])
                   {if ci_pipeline_artifacts.locked}
                   AND ($5::bigint <> 0 AND a.locked = 0
                        OR $6::bigint <> 0 AND p.locked = 0
                           AND coalesce(a.locked, 2) <> 0
                           AND ($7::bigint = 0 OR coalesce(a.locked, 2) = 2))
                   {else}
                   AND $5::bigint = $5 AND $7::bigint = $7
                   AND $6::bigint <> 0 AND p.locked = 0
                   {end}) AS gone
      FROM {ci_pipeline_artifacts} AS a
          TABLESAMPLE SYSTEM (least(100, 100.0 * $8::bigint / greatest($9, 1)))
          REPEATABLE (0)
      LEFT JOIN {ci_pipelines} AS p
          ON p.id = a.pipeline_id
         AND a.expire_at < $1::timestamptz
             {if ci_pipeline_artifacts.partition_id ci_pipelines.partition_id}
             AND p.partition_id = a.partition_id{end}) AS counted
)sql"};
  return query;
}

const Query& live_sample_query() {
  static const Query query{"artifacts.live_sample",
                           "(" + artifact_columns + R"sql(
 WHERE a.expire_at >= now()
   AND a.created_at < now() - interval '1 hour'
 ORDER BY a.expire_at
 LIMIT 50)
UNION
()sql" + artifact_columns + R"sql(
 WHERE a.id IN (SELECT id
                FROM {ci_pipeline_artifacts}
                ORDER BY id DESC
                LIMIT 2000)
   AND (a.expire_at >= now() OR a.expire_at IS NULL)
   AND a.created_at < now() - interval '1 hour'
 ORDER BY a.id DESC
 LIMIT 50)
)sql"};
  return query;
}

const Query& count_rows_query() {
  static const Query query{"artifacts.count_rows", R"sql(
SELECT count(*)
FROM {ci_pipeline_artifacts}
WHERE id = ANY ($1::bigint[])
)sql"};
  return query;
}

}  // namespace db
