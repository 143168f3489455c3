#include "db/seen_values.hpp"

#include "db/needed.hpp"

namespace db {
namespace {

/// A root has statistics only if somebody analyzed it by name: autovacuum does
/// so with partitions alone (https://www.postgresql.org/docs/15/sql-analyze).
const Query read_values{"health.seen_values", R"sql(
SELECT DISTINCT asked."table", s.attname::text, held.value
FROM unnest($1::text[], $2::text[], $3::text[])
         AS asked ("table", relation, "column")
CROSS JOIN LATERAL (
    SELECT asked.relation::regclass AS oid
    UNION SELECT relid FROM pg_partition_tree(asked.relation::regclass)
) AS part
JOIN pg_class AS c ON c.oid = part.oid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_stats AS s ON s.schemaname = n.nspname AND s.tablename = c.relname
                  AND s.attname = asked."column"
CROSS JOIN LATERAL unnest(s.most_common_vals::text::text[]) AS held (value)
ORDER BY 1, 2, 3
)sql"};

constexpr Needed decisive[] = {{"ci_pipeline_artifacts", "locked"},
                               {"ci_pipeline_artifacts", "file_store"},
                               {"ci_pipelines", "locked"},
                               {"ci_pipelines", "status"},
                               {"ci_builds", "status"},
                               {"ci_stages", "status"},
                               {"ci_build_trace_chunks", "data_store"},
                               {"ci_deleted_objects", "file_store"}};

}  // namespace

std::vector<SeenValue> read_seen_values(Pool& pool, const Session& session,
                                        const Catalog& catalog) {
  std::vector<std::string> tables;
  std::vector<std::string> relations;
  std::vector<std::string> columns;
  for (const Needed& column : decisive)
    if (catalog.has(column.table, column.column)) {
      tables.emplace_back(column.table);
      relations.push_back(catalog.tables().relation(column.table));
      columns.emplace_back(column.column);
    }
  std::vector<SeenValue> values;
  execute(
      pool, session, read_values,
      Parameters().add(tables).add(relations).add(columns),
      [&](const Row& row) {
        values.push_back({std::string(row.text(0)), std::string(row.text(1)),
                          std::string(row.text(2))});
      });
  return values;
}

}  // namespace db
