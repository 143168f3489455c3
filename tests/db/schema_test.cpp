#include "tests/support/test_database.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace {

std::string index_definition(tests::TestDatabase& database,
                             const std::string& name) {
  return database.value("SELECT indexdef FROM pg_indexes WHERE indexname = '" +
                        name + "'");
}

std::string default_of(tests::TestDatabase& database, const std::string& table,
                       const std::string& column) {
  return database.value(
      "SELECT coalesce(column_default, 'none') || ', ' || is_nullable"
      " FROM information_schema.columns WHERE table_name = '" +
      table + "' AND column_name = '" + column + "'");
}

constexpr const char* one_artifact = R"sql(
INSERT INTO ci_pipelines (id) VALUES (1);
INSERT INTO ci_pipeline_artifacts
    (created_at, updated_at, pipeline_id, project_id, size, file_type,
     file_format, file)
VALUES (now(), now(), 1, 1, 1, 1, 1, 'code_coverage.json');
)sql";

}  // namespace

TEST_CASE("the schema has an index for every expired artifact",
          "[postgres][schema]") {
  tests::TestDatabase database;
  CHECK(
      index_definition(database, "index_ci_pipeline_artifacts_on_expire_at") ==
      "CREATE INDEX index_ci_pipeline_artifacts_on_expire_at ON"
      " public.ci_pipeline_artifacts USING btree (expire_at)");
}

TEST_CASE("the schema has the partial index of unlocked artifacts",
          "[postgres][schema]") {
  tests::TestDatabase database;
  CHECK(index_definition(database,
                         "ci_pipeline_artifacts_on_expire_at_for_removal") ==
        "CREATE INDEX ci_pipeline_artifacts_on_expire_at_for_removal ON"
        " public.ci_pipeline_artifacts USING btree (expire_at)"
        " WHERE ((locked = 0) AND (expire_at IS NOT NULL))");
}

TEST_CASE("a new artifact is local, of unknown lock state, and never expires",
          "[postgres][schema]") {
  tests::TestDatabase database;
  database.run(one_artifact);
  CHECK(database.value("SELECT file_store || ' ' || locked || ' ' ||"
                       " coalesce(expire_at::text, 'never')"
                       " FROM ci_pipeline_artifacts") == "1 2 never");
}

TEST_CASE("a new pipeline is locked", "[postgres][schema]") {
  tests::TestDatabase database;
  CHECK(default_of(database, "ci_pipelines", "locked") == "1, NO");
}

TEST_CASE("the lock state of an artifact may be NULL", "[postgres][schema]") {
  tests::TestDatabase database;
  CHECK(default_of(database, "ci_pipeline_artifacts", "locked") == "2, YES");
}

TEST_CASE("a queue entry is due at once unless it says otherwise",
          "[postgres][schema]") {
  tests::TestDatabase database;
  database.run(
      "INSERT INTO ci_deleted_objects (store_dir, file)"
      " VALUES ('a', 'b')");
  CHECK(database.number("SELECT count(*) FROM ci_deleted_objects"
                        " WHERE pick_up_at <= now() AND file_store = 1") == 1);
}

TEST_CASE("a pipeline takes its artifact rows with it", "[postgres][schema]") {
  tests::TestDatabase database;
  database.run(one_artifact);
  database.run("DELETE FROM ci_pipelines");
  CHECK(database.number("SELECT count(*) FROM ci_pipeline_artifacts") == 0);
}

TEST_CASE("a pipeline has one artifact of a type", "[postgres][schema]") {
  tests::TestDatabase database;
  database.run(one_artifact);
  CHECK_THROWS(database.run(
      "INSERT INTO ci_pipeline_artifacts"
      " (created_at, updated_at, pipeline_id, project_id, size, file_type,"
      " file_format, file) VALUES (now(), now(), 1, 1, 1, 1, 1, "
      "'other.json')"));
}
