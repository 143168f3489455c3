#include "db/ineligible.hpp"

#include "db/shard.hpp"

namespace db {
namespace {

using telemetry::Ineligible;

const std::string ineligible_rows = R"sql(
SELECT project_id, reason, count(*)
FROM (SELECT a.project_id, reason
      FROM {ci_pipeline_artifacts} AS a)sql";

const std::string ineligible_end = R"sql(
        AND (cardinality($3::bigint[]) = 0
             OR a.project_id = ANY ($3::bigint[]))
        AND a.project_id <> ALL ($4::bigint[])
        AND )sql" + in_shard("a.project_id", "$9", "$10") +
                                   R"sql(
      LIMIT $6::bigint) AS ineligible
GROUP BY project_id, reason
)sql";

// A pipeline that is gone unlocks nothing: the legacy pass does not find it.
// The reasons are those of telemetry::Ineligible, by number.
const Query locked_query{"ineligible.locked", ineligible_rows + R"sql(
      LEFT JOIN {ci_pipelines} AS p
          ON p.id = a.pipeline_id{if ci_pipeline_artifacts.partition_id ci_pipelines.partition_id}
         AND p.partition_id = a.partition_id{end}
      CROSS JOIN LATERAL (
          SELECT {if ci_pipeline_artifacts.locked}
                 CASE WHEN a.locked = 0 THEN -1
                      WHEN a.locked = 1 AND p.locked = 0
                      THEN CASE $8::bigint WHEN 1 THEN -1 ELSE 2 END
                      WHEN a.locked = 1 THEN 0
                      WHEN p.locked = 0 AND $7::bigint = 1 THEN -1
                      ELSE 1 END
                 {else}
                 CASE WHEN p.locked = 0 AND $7::bigint + $8::bigint > 0
                      THEN -1 ELSE 0 END
                 {end}) AS judged (reason)
      WHERE a.expire_at < $1::timestamptz
        AND a.expire_at < $2::timestamptz
        AND coalesce(a.file_store, 1) = ANY ($5::bigint[])
        AND reason >= 0)sql" + ineligible_end};

const Query too_young_query{"ineligible.too_young", ineligible_rows + R"sql(
      CROSS JOIN (VALUES (3)) AS judged (reason)
      WHERE a.expire_at >= $1::timestamptz
        AND a.expire_at < $2::timestamptz
        AND coalesce(a.file_store, 1) = ANY ($5::bigint[])
        AND $7::bigint + $8::bigint >= 0)sql" + ineligible_end};

const Query other_store_query{"ineligible.other_store", ineligible_rows + R"sql(
      CROSS JOIN (VALUES (5)) AS judged (reason)
      WHERE a.expire_at < $1::timestamptz
        AND a.expire_at < $2::timestamptz
        AND coalesce(a.file_store, 1) <> ALL ($5::bigint[])
        AND $7::bigint + $8::bigint >= 0)sql" + ineligible_end};

std::vector<IneligibleRows> read_ineligible(Pool& pool, const Session& session,
                                            const Query& query,
                                            const Eligibility& eligibility,
                                            std::int64_t limit) {
  std::vector<IneligibleRows> all;
  const auto parameters =
      Parameters()
          .add(eligibility.horizon)
          .add(eligibility.grace_end)
          .add(eligibility.filter.projects)
          .add(eligibility.filter.except_projects)
          .add(eligibility.filter.stores)
          .add(limit)
          .add(std::int64_t{eligibility.judges_unknown ? 1 : 0})
          .add(std::int64_t{eligibility.judges_locked ? 1 : 0})
          .add(eligibility.filter.shard.count)
          .add(eligibility.filter.shard.index);
  execute(pool, session, query, parameters, [&](const Row& row) {
    all.push_back({static_cast<Ineligible>(row.integer(1)), row.integer(0),
                   row.integer(2)});
  });
  return all;
}

}  // namespace

std::vector<IneligibleRows> count_locked(Pool& pool, const Session& session,
                                         const Eligibility& eligibility,
                                         std::int64_t limit) {
  return read_ineligible(pool, session, locked_query, eligibility, limit);
}

std::vector<IneligibleRows> count_too_young(Pool& pool, const Session& session,
                                            const Eligibility& eligibility,
                                            std::int64_t limit) {
  return read_ineligible(pool, session, too_young_query, eligibility, limit);
}

std::vector<IneligibleRows> count_other_stores(Pool& pool,
                                               const Session& session,
                                               const Eligibility& eligibility,
                                               std::int64_t limit) {
  return read_ineligible(pool, session, other_store_query, eligibility, limit);
}

}  // namespace db
