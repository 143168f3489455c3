#include "db/catalog.hpp"
#include "tests/support/test_database.hpp"

#include <catch2/catch.hpp>

namespace {

struct Server {
  db::Catalog catalog() { return db::Catalog::read(pool, {}); }
  void replace_unlocked_index(const std::string& definition) {
    database.run(
        "DROP INDEX IF EXISTS other, "
        "ci_pipeline_artifacts_on_expire_at_for_removal; "
        "CREATE INDEX other ON ci_pipeline_artifacts " +
        definition);
  }

  tests::TestDatabase database;
  std::atomic<bool> stop{false};
  db::Pool pool{"test", stop};
};

using Sentences = std::vector<std::string>;

}  // namespace

TEST_CASE("the catalog of our own schema has all that is needed",
          "[postgres]") {
  Server server;
  const db::Catalog catalog = server.catalog();
  CHECK(catalog.unserved().empty());
  CHECK(catalog.search_path() == "public, pg_temp");
  CHECK(catalog.server_version() / 10000 ==
        server.database.number("SELECT current_setting("
                               "'server_version_num')::integer / 10000"));
  CHECK_FALSE(catalog.in_recovery());
  CHECK_FALSE(catalog.has("ci_deleted_objects", "project_id"));
  CHECK(catalog.storage_counts_artifacts());
  CHECK(catalog.has("projects", "pending_delete"));
  REQUIRE(catalog.unlocked_index());
  CHECK(catalog.unlocked_index()->name ==
        "ci_pipeline_artifacts_on_expire_at_for_removal");
  REQUIRE(catalog.expiry_index());
  CHECK(catalog.expiry_index()->name ==
        "index_ci_pipeline_artifacts_on_expire_at");
}

TEST_CASE("a database without the tables can't be served", "[postgres]") {
  Server server;
  server.database.run("DROP TABLE ci_pipeline_artifacts CASCADE");
  const Sentences sentences = server.catalog().unserved();
  REQUIRE(sentences.size() == 1);
  CHECK(sentences[0].find("PGDATABASE") != std::string::npos);
  CHECK(server.catalog().search_path().empty());
}

TEST_CASE("every column that is missing is named", "[postgres]") {
  Server server;
  Sentences expected;
  for (const auto& [table, column] :
       std::vector<std::pair<std::string, std::string>>{
           {"ci_pipeline_artifacts", "file_store"},
           {"ci_pipeline_artifacts", "expire_at"},
           {"ci_pipelines", "locked"},
           {"ci_deleted_objects", "store_dir"},
           {"project_statistics", "pipeline_artifacts_size"}}) {
    server.database.run("ALTER TABLE " + table + " DROP COLUMN " + column +
                        " CASCADE");
    expected.push_back("column " + table + "." + column + " is missing");
    CHECK(server.catalog().unserved() == expected);
  }
}

TEST_CASE("before 15.4 an artifact does not say whether it is locked",
          "[postgres]") {
  Server server;
  CHECK(server.catalog().has_lock_column());
  server.database.run("ALTER TABLE ci_pipeline_artifacts DROP COLUMN locked");
  const db::Catalog catalog = server.catalog();
  CHECK_FALSE(catalog.has_lock_column());
  CHECK(catalog.unserved().empty());
}

TEST_CASE("a table that is missing is named by its columns", "[postgres]") {
  Server server;
  server.database.run("DROP TABLE ci_deleted_objects");
  const Sentences sentences = server.catalog().unserved();
  CHECK(sentences.size() == 5);
  CHECK(sentences.at(0) == "column ci_deleted_objects.id is missing");
}

TEST_CASE("a partitioned table is refused by name", "[postgres]") {
  Server server;
  server.database.run(
      "DROP TABLE ci_deleted_objects; "
      "CREATE TABLE ci_deleted_objects (id bigserial, file_store smallint, "
      "pick_up_at timestamptz, store_dir text, file text) "
      "PARTITION BY RANGE (id)");
  const Sentences sentences = server.catalog().unserved();
  REQUIRE(sentences.size() == 1);
  CHECK(sentences[0].starts_with("table ci_deleted_objects is partitioned"));
}

TEST_CASE("the root of a table is found by any of its names", "[postgres]") {
  Server server;
  CHECK(server.catalog().tables().relation("ci_stages") == "public.ci_stages");
  SECTION("p_ci_x over a partition ci_x") {
    server.database.run(
        "CREATE TABLE p_ci_stages (LIKE ci_stages INCLUDING DEFAULTS) "
        "PARTITION BY LIST (partition_id); "
        "ALTER TABLE p_ci_stages ATTACH PARTITION ci_stages DEFAULT");
    const db::Catalog catalog = server.catalog();
    CHECK(catalog.tables().relation("ci_stages") == "public.p_ci_stages");
    CHECK(catalog.is_partitioned("ci_stages"));
    CHECK(catalog.table_of("ci_stages") == "ci_stages");
    CHECK(catalog.unserved_builds().empty());
  }
  SECTION("a root of another name") {
    server.database.run(
        "CREATE TABLE all_stages (LIKE ci_stages INCLUDING DEFAULTS) "
        "PARTITION BY LIST (partition_id); "
        "ALTER TABLE all_stages ATTACH PARTITION ci_stages DEFAULT");
    CHECK(server.catalog().tables().relation("ci_stages") ==
          "public.all_stages");
  }
  SECTION("p_ci_x alone, with its partitions in another schema") {
    server.database.run(
        "CREATE SCHEMA dynamic; "
        "CREATE TABLE p_ci_stages (LIKE ci_stages INCLUDING DEFAULTS) "
        "PARTITION BY LIST (partition_id); DROP TABLE ci_stages CASCADE; "
        "CREATE TABLE dynamic.ci_stages_100 PARTITION OF p_ci_stages "
        "FOR VALUES IN (100)");
    const db::Catalog catalog = server.catalog();
    CHECK(catalog.tables().relation("ci_stages") == "public.p_ci_stages");
    CHECK(catalog.table_of("ci_stages_100") == "ci_stages");
  }
}

TEST_CASE("what a new row needs and nobody here knows is refused",
          "[postgres]") {
  Server server;
  SECTION("by NOT NULL") {
    server.database.run(
        "ALTER TABLE ci_deleted_objects ADD COLUMN cell bigint NOT NULL");
  }
  SECTION("by a CHECK") {
    server.database.run(
        "ALTER TABLE ci_deleted_objects ADD COLUMN cell bigint, "
        "ADD CHECK (cell IS NOT NULL) NOT VALID");
  }
  CHECK(server.catalog().unserved() ==
        Sentences{"column ci_deleted_objects.cell has to be given with every "
                  "new row, and this version does not know what it means"});
}

TEST_CASE("a new column that need not be given does not matter", "[postgres]") {
  Server server;
  server.database.run(
      "ALTER TABLE ci_deleted_objects ADD COLUMN cell bigint NOT NULL "
      "DEFAULT 1, ADD COLUMN note text, "
      "ADD COLUMN twice bigint GENERATED ALWAYS AS (file_store * 2) STORED, "
      "ADD CHECK (length(note) < 9)");
  CHECK(server.catalog().unserved().empty());
}

TEST_CASE("a table that would keep rows from being deleted is refused",
          "[postgres]") {
  Server server;
  server.database.run(
      "CREATE TABLE artifact_notes (artifact_id bigint REFERENCES "
      "ci_pipeline_artifacts ON DELETE CASCADE)");
  CHECK(server.catalog().unserved().empty());
  REQUIRE(server.catalog().references().size() == 1);
  CHECK(server.catalog().references()[0].other_table == "artifact_notes");
  server.database.run(
      "CREATE TABLE artifact_seals (artifact_id bigint REFERENCES "
      "ci_pipeline_artifacts)");
  const Sentences sentences = server.catalog().unserved();
  REQUIRE(sentences.size() == 1);
  CHECK(
      sentences[0].starts_with("table artifact_seals refers to "
                               "ci_pipeline_artifacts by a foreign key"));
}

TEST_CASE("manual jobs can be canceled once the jobs' metadata is gone",
          "[postgres]") {
  Server server;
  CHECK_FALSE(server.catalog().cancels_manual_jobs());
  server.database.run(
      "CREATE TABLE p_ci_builds (LIKE ci_builds INCLUDING DEFAULTS) "
      "PARTITION BY LIST (partition_id); "
      "CREATE TABLE p_ci_builds_metadata (build_id bigint)");
  CHECK_FALSE(server.catalog().cancels_manual_jobs());
  server.database.run("DROP TABLE p_ci_builds_metadata");
  CHECK(server.catalog().cancels_manual_jobs());
}

TEST_CASE("a table that GitLab has write-locked is another database's",
          "[postgres]") {
  Server server;
  server.database.run(
      "CREATE FUNCTION gitlab_schema_prevent_write() RETURNS trigger LANGUAGE "
      "plpgsql AS 'BEGIN RAISE EXCEPTION ''locked''; END'; "
      "CREATE TRIGGER gitlab_schema_write_trigger_for_project_statistics "
      "BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON project_statistics "
      "FOR EACH STATEMENT EXECUTE FUNCTION gitlab_schema_prevent_write()");
  const Sentences sentences = server.catalog().unserved();
  REQUIRE(sentences.size() == 1);
  CHECK(sentences[0].find("--main-service NAME") != std::string::npos);
  CHECK_FALSE(server.catalog().serves("project_statistics"));
}

TEST_CASE("later generations of the schema are told by their columns",
          "[postgres]") {
  Server server;
  server.database.run(
      "ALTER TABLE ci_deleted_objects ADD COLUMN project_id bigint; "
      "ALTER TABLE ci_pipeline_artifacts ADD COLUMN partition_id bigint; "
      "ALTER TABLE projects DROP COLUMN pending_delete");
  const db::Catalog catalog = server.catalog();
  CHECK(catalog.unserved().empty());
  CHECK(catalog.has("ci_deleted_objects", "project_id"));
  CHECK_FALSE(catalog.storage_counts_artifacts());
  CHECK_FALSE(catalog.has("projects", "pending_delete"));
}

TEST_CASE("a CI database without projects can be served", "[postgres]") {
  Server server;
  server.database.run("DROP TABLE projects CASCADE");
  CHECK(server.catalog().unserved().empty());
  CHECK_FALSE(server.catalog().has("projects", "pending_delete"));
}

TEST_CASE("tables in a schema of any name are found by the search_path",
          "[postgres]") {
  Server server;
  server.database.run(
      "ALTER SCHEMA public RENAME TO \"Odd, one\"; "
      "ALTER DATABASE " +
      server.database.name() + " SET search_path = \"Odd, one\"");
  CHECK(server.catalog().search_path() == "\"Odd, one\", pg_temp");
  CHECK(server.catalog().unserved().empty());
}

TEST_CASE("a missing index is missed, and only that", "[postgres]") {
  Server server;
  server.database.run(
      "DROP INDEX ci_pipeline_artifacts_on_expire_at_for_removal");
  CHECK_FALSE(server.catalog().unlocked_index());
  CHECK(server.catalog().expiry_index());
  server.database.run("DROP INDEX index_ci_pipeline_artifacts_on_expire_at");
  CHECK_FALSE(server.catalog().expiry_index());
}

TEST_CASE("an index that was never finished does not count", "[postgres]") {
  Server server;
  server.database.run(
      "UPDATE pg_index SET indisvalid = false WHERE indexrelid = "
      "'ci_pipeline_artifacts_on_expire_at_for_removal'::regclass");
  CHECK_FALSE(server.catalog().unlocked_index());
}

TEST_CASE("any name and both forms of the partial index will do",
          "[postgres]") {
  Server server;
  for (const char* const definition :
       {"(expire_at) WHERE locked = 0",
        "(expire_at) WHERE locked = 0 AND expire_at IS NOT NULL",
        "(expire_at, id) WHERE (locked = 0)"}) {
    server.replace_unlocked_index(definition);
    const db::Catalog catalog = server.catalog();
    REQUIRE(catalog.unlocked_index());
    CHECK(catalog.unlocked_index()->name == "other");
  }
}

TEST_CASE("an index over other rows or columns is not the partial index",
          "[postgres]") {
  Server server;
  for (const char* const definition :
       {"(expire_at) WHERE locked = 1", "(expire_at) WHERE locked <> 1",
        "(expire_at) WHERE locked = 0 AND project_id > 5",
        "(expire_at) WHERE expire_at IS NOT NULL",
        "(id, expire_at) WHERE locked = 0", "(id) WHERE locked = 0",
        "(expire_at)"}) {
    server.replace_unlocked_index(definition);
    INFO(definition);
    CHECK_FALSE(server.catalog().unlocked_index());
  }
}
