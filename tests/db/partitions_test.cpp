#include "db/builds.hpp"
#include "db/explain.hpp"
#include "db/pipeline_artifacts.hpp"
#include "db/pipeline_status.hpp"
#include "db/pipelines.hpp"
#include "db/traces.hpp"
#include "tests/support/test_database.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

namespace {

constexpr const char* parted_tables[] = {"ci_pipelines", "ci_stages",
                                         "ci_builds", "ci_job_artifacts"};

/// db/schema.sql with the tables that GitLab has parted, in three partitions.
struct Parted {
  Parted() {
    database.run(
        "ALTER TABLE ci_pipeline_artifacts ADD partition_id bigint NOT NULL; "
        "ALTER TABLE ci_build_trace_chunks ADD partition_id bigint NOT NULL");
    for (const char* const table : parted_tables)
      database.run(fmt::format(
          "CREATE TABLE p_{0} (LIKE {0} INCLUDING DEFAULTS) "
          "PARTITION BY LIST (partition_id); "
          "ALTER TABLE p_{0} ATTACH PARTITION {0} FOR VALUES IN (100); "
          "CREATE TABLE {0}_101 PARTITION OF p_{0} FOR VALUES IN (101); "
          "CREATE TABLE {0}_102 PARTITION OF p_{0} FOR VALUES IN (102)",
          table));
    catalog = db::Catalog::read(pool, {});
    session.search_path = catalog.search_path();
    session.tables = &catalog.tables();
  }

  /// With values that lead to no partition that there is.
  std::vector<db::Statement> statements() {
    const db::Builds builds(pool, db::cancelable_statuses(catalog));
    std::vector<db::Statement> all = builds.statements();
    for (auto&& some : {db::status_statements(), db::pipeline_statements(),
                        db::Traces(pool).statements(),
                        db::PipelineArtifacts::statements(
                            catalog, telemetry::Timestamp::max())})
      std::ranges::copy(some, std::back_inserter(all));
    return all;
  }

  /// The partitions in the plan of a statement.
  std::set<std::string> partitions_in(const db::Statement& statement) {
    std::set<std::string> partitions;
    for (const db::PlanNode& node :
         db::explain(pool, session, statement, false).nodes)
      if (std::ranges::count(parted_tables, catalog.table_of(node.relation)) &&
          !node.relation.starts_with("p_"))
        partitions.insert(node.relation);
    return partitions;
  }

  tests::TestDatabase database;
  std::atomic<bool> stop{false};
  db::Pool pool{"test", stop};
  db::Catalog catalog;
  db::Session session;
};

}  // namespace

TEST_CASE("statements look into the partitions that they were told alone",
          "[postgres]") {
  Parted gitlab;
  const std::set<std::string> told{
      "builds.cancelable", "builds.drop",
      "builds.leftovers",  "status.read",
      "traces.artifacts",  "traces.insert",
      "traces.complete",   "pipelines.look_up_locks"};
  std::set<std::string> met;
  for (const db::Statement& statement : gitlab.statements()) {
    INFO(statement.query.name);
    if (!told.contains(statement.query.name))
      continue;
    met.insert(statement.query.name);
    // What follows a ref's later pipelines has no partition to go by.
    std::set<std::string> looked_into = gitlab.partitions_in(statement);
    if (statement.query.name == "builds.drop")
      std::erase_if(looked_into, [](const std::string& partition) {
        return partition.starts_with("ci_pipelines");
      });
    CHECK(looked_into.empty());
  }
  CHECK(met == told);
}

TEST_CASE("a join looks into the partition of each row alone", "[postgres]") {
  Parted gitlab;
  const std::set<std::string> joined{"artifacts.destroy_legacy",
                                     "artifacts.resolve", "traces.walk",
                                     "builds.live_pipelines"};
  for (const db::Statement& statement : gitlab.statements())
    if (joined.contains(statement.query.name)) {
      INFO(statement.query.name);
      const std::string text =
          gitlab.catalog.tables().write(statement.query.sql);
      CHECK(
          (text.find("p.partition_id = a.partition_id") != std::string::npos ||
           text.find("b.partition_id = s.partition_id") != std::string::npos ||
           text.find("b.partition_id = p.partition_id") != std::string::npos));
    }
}

TEST_CASE("a statement names a root, never a partition", "[postgres]") {
  Parted gitlab;
  for (const db::Statement& statement : gitlab.statements()) {
    INFO(statement.query.name);
    const std::string text = gitlab.catalog.tables().write(statement.query.sql);
    for (const char* const table : parted_tables)
      CHECK(text.find(fmt::format("public.{} ", table)) == std::string::npos);
    CHECK(text.find("{") == text.find("{}"));
  }
}
