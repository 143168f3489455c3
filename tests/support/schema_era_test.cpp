#include "tests/support/schema_era.hpp"

#include "tests/support/jobs.hpp"
#include "tests/support/scoped_environment.hpp"
#include "tests/support/world.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <string>

namespace {

using tests::ScopedEnvironment;
using tests::TestDatabase;

ScopedEnvironment on_schema(const std::string& name) {
  return ScopedEnvironment({{"JANITOR_TEST_SCHEMA", name}});
}

bool has_column(TestDatabase& database, const std::string& table,
                const std::string& column) {
  return database.number(fmt::format(
             "SELECT count(*) FROM information_schema.columns WHERE "
             "table_schema = 'public' AND table_name = '{}' "
             "AND column_name = '{}'",
             table, column)) == 1;
}

bool has_table(TestDatabase& database, const std::string& name) {
  return database.value("SELECT to_regclass('" + name + "') IS NOT NULL") ==
         "t";
}

/// How many partitions the table has; 0 if it is none that has any.
std::int64_t partitions(TestDatabase& database, const std::string& table) {
  return database.number(
      "SELECT count(*) FROM pg_inherits WHERE inhparent = '" + table +
      "'::regclass");
}

bool has_project_key(TestDatabase& database, const std::string& table) {
  return database.number(
             "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND "
             "conrelid = '" +
             table +
             "'::regclass AND confrelid = 'public.projects'::regclass") == 1;
}

/// Rows by partition: "100: 3, 101: 4".
std::string spread(TestDatabase& database, const std::string& table) {
  return database.value(
      "SELECT string_agg(partition_id || ': ' || rows, ', ' "
      "ORDER BY partition_id) FROM (SELECT partition_id, count(*) AS rows "
      "FROM " +
      table + " GROUP BY partition_id) AS counted");
}

/// Rows that are of another partition than what they belong to.
std::int64_t astray(TestDatabase& database, const std::string& table,
                    const std::string& column, const std::string& parent) {
  return database.number(
      fmt::format("SELECT count(*) FROM {} AS t JOIN {} AS p ON p.id = t.{} "
                  "WHERE t.partition_id IS DISTINCT FROM p.partition_id",
                  table, parent, column));
}

constexpr const char* statuses[] = {"created",   "waiting_for_resource",
                                    "preparing", "pending",
                                    "running",   "scheduled",
                                    "manual",    "success",
                                    "failed",    "canceled",
                                    "skipped"};

/// A World with pipelines and artifacts enough for each partition, and a job
/// of each status in each of three pipelines, with chunks.
struct PeopledWorld : tests::World {
  PeopledWorld() {
    add_many(6);
    add({.pipeline_id = made().front().pipeline_id});
    add_rows(3);
    add_entry("queued", "job.log");
    const std::int64_t user = jobs.user();
    for (int i = 0; i < 3; ++i)
      people(jobs.pipeline(user));
  }

  void people(std::int64_t pipeline) {
    for (const char* const status : statuses)
      job = jobs.job(pipeline, {.status = status});
    jobs.hold_resource(jobs.resource_group(std::to_string(pipeline)), job);
    jobs.chunk(job, 0, "first");
    jobs.bare_chunk(job, 1, 4);
  }

  tests::Jobs jobs{*this};
  std::int64_t job = 0;
};

}  // namespace

TEST_CASE("a schema has the traits that the tests believe it has",
          "[postgres]") {
  const auto here = on_schema(GENERATE("", "13.12", "15.5", "16.6", "18.1"));
  const tests::SchemaEra era = tests::schema_era();
  TestDatabase database;
  CAPTURE(era.name());

  CHECK(has_column(database, "ci_pipeline_artifacts", "locked") ==
        era.has_lock_column());
  CHECK(has_table(database, "public.ci_pending_builds") == era.has_queues());
  CHECK(has_table(database, "public.ci_running_builds") == era.has_queues());
  CHECK(has_table(database, era.root_of("ci_build_trace_metadata")) ==
        era.has_trace_metadata());
  CHECK(has_column(database, "ci_pipeline_artifacts", "partition_id") ==
        !era.storage_counts_artifacts());
  CHECK(has_column(database, era.root_of("ci_builds").substr(7),
                   "partition_id") == era.has_partition_column());
  CHECK(partitions(database, era.root_of("ci_builds")) ==
        (era.is_partitioned() ? 3 : 0));
  for (const char* const table :
       {"ci_pipelines", "ci_stages", "ci_job_artifacts"}) {
    CHECK(partitions(database, era.root_of(table)) ==
          (era.has_partitioned_pipelines() ? 3 : 0));
    CHECK(has_project_key(database, era.root_of(table)) ==
          era.has_project_keys());
  }
  CHECK(has_table(database, "test_names.ci_builds") == era.is_partitioned());
}

TEST_CASE("a schema that nobody has heard of is refused", "[unit]") {
  const auto here = on_schema("14.0");
  CHECK_THROWS_WITH(tests::schema_era(), Catch::Contains("no schema 14.0"));
}

TEST_CASE("ids come from a trigger where the schema says so", "[postgres]") {
  const auto here = on_schema(GENERATE("15.5", "16.6", "18.1"));
  const tests::SchemaEra era = tests::schema_era();
  TestDatabase database;
  const auto id_of_42 = [&](const std::string& table) {
    return database.number(fmt::format(
        "INSERT INTO {} (id, project_id, partition_id) VALUES (42, 1, 101) "
        "RETURNING id",
        era.root_of(table)));
  };

  CHECK(id_of_42("ci_builds") == (era.is_partitioned() ? 1 : 42));
  CHECK(id_of_42("ci_pipelines") == (era.has_partitioned_pipelines() ? 1 : 42));
}

TEST_CASE("what only tests leave out is refused by the tables", "[postgres]") {
  const auto here = on_schema(GENERATE("16.6", "18.1"));
  const tests::SchemaEra era = tests::schema_era();
  TestDatabase database;
  database.run("INSERT INTO ci_pipelines (project_id) VALUES (1)");
  database.run("INSERT INTO ci_builds (commit_id, project_id) VALUES (1, 1)");
  database.run("RESET search_path");

  CHECK_THROWS_WITH(
      database.run("INSERT INTO p_ci_builds (project_id) VALUES (1)"),
      Catch::Contains("partition"));
  CHECK_THROWS_WITH(
      database.run("INSERT INTO ci_build_trace_chunks (build_id, chunk_index, "
                   "data_store) VALUES (1, 0, 2)"),
      Catch::Contains("\"partition_id\""));
  CHECK(has_table(database, "ci_pipelines") ==
        !era.has_partitioned_pipelines());
}

TEST_CASE("a deleted job is noted for loose foreign keys", "[postgres]") {
  const auto here = on_schema(GENERATE("15.5", "16.6", "18.1"));
  TestDatabase database;
  database.run("RESET search_path");
  database.run("INSERT INTO " + tests::schema_era().root_of("ci_builds") +
               " (project_id, partition_id) VALUES (1, 100)");
  database.run("DELETE FROM " + tests::schema_era().root_of("ci_builds"));
  CHECK(database.value("SELECT fully_qualified_table_name || ' ' || "
                       "primary_key_value "
                       "FROM loose_foreign_keys_deleted_records") ==
        tests::schema_era().root_of("ci_builds") + " 1");
}

TEST_CASE("a world is made and read back on every schema", "[postgres]") {
  const auto here = on_schema(GENERATE("", "13.12", "15.5", "16.6", "18.1"));
  PeopledWorld world;
  CAPTURE(tests::schema_era().name());

  CHECK(world.rows_left() == 10);
  CHECK(world.statistic() == 1000);
  CHECK(world.entries_left() == 1);
  CHECK(world.files_left() == 8);
  CHECK(world.row_exists(world.made().back()));
  CHECK(world.violations().empty());
  CHECK(world.jobs.violations().empty());
  CHECK(world.jobs.status(world.job) == "skipped");
  CHECK(world.jobs.chunks_left(world.job) == 2);
  CHECK(world.database.number("SELECT count(*) FROM ci_builds "
                              "JOIN ci_stages ON ci_stages.id = stage_id "
                              "JOIN ci_pipelines ON ci_pipelines.id = "
                              "pipeline_id AND commit_id = pipeline_id") == 33);
  CHECK(world.database.number("SELECT count(*) FROM ci_resources "
                              "WHERE build_id IS NOT NULL") == 3);
}

TEST_CASE("rows are in every partition, beside what they belong to",
          "[postgres]") {
  const auto here = on_schema(GENERATE("16.6", "18.1"));
  PeopledWorld world;
  CAPTURE(tests::schema_era().name());
  TestDatabase& database = world.database;

  CHECK(spread(database, "ci_pipelines") == "100: 4, 101: 4, 102: 4");
  CHECK(spread(database, "ci_builds") == "100: 11, 101: 11, 102: 11");
  CHECK(spread(database, "ci_build_trace_chunks") == "100: 2, 101: 2, 102: 2");
  CHECK(astray(database, "ci_stages", "pipeline_id", "ci_pipelines") == 0);
  CHECK(astray(database, "ci_builds", "commit_id", "ci_pipelines") == 0);
  for (const char* const table :
       {"ci_build_trace_chunks", "ci_pending_builds", "ci_running_builds",
        "ci_builds_runner_session", "ci_resources"})
    CHECK(astray(database, table, "build_id", "ci_builds") == 0);
  if (!tests::schema_era().storage_counts_artifacts())
    CHECK(spread(database, "ci_pipeline_artifacts") ==
          "100: 3, 101: 4, 102: 3");
}

TEST_CASE("an artifact can't be unlocked by itself where it has no lock",
          "[postgres]") {
  const auto here = on_schema("13.12");
  tests::World world;
  CHECK_THROWS_WITH(world.add({.pipeline_locked = 1}),
                    Catch::Contains("[locks]"));
  world.add({.locked = "1", .pipeline_locked = 1});
  CHECK(world.rows_left() == 1);
}
