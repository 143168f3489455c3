#include "db/explain.hpp"
#include "db/pipeline_artifacts.hpp"
#include "tests/support/test_database.hpp"

#include <catch2/catch.hpp>

namespace {

struct Server {
  db::Plan plan(const db::Statement& statement, bool analyze = false) {
    return db::explain(pool, session, statement, analyze);
  }

  tests::TestDatabase database;
  std::atomic<bool> stop{false};
  db::Pool pool{"test", stop};
  db::Session session;
};

db::Statement reading(const std::string& sql) {
  return {"test", {"test.read", sql}, {}, true, nullptr, nullptr};
}

db::Statement writing(const std::string& sql) {
  return {"test", {"test.write", sql}, {}, false, nullptr, nullptr};
}

}  // namespace

TEST_CASE("a plan names its nodes, relations and indexes", "[postgres]") {
  Server server;
  const db::Plan whole = server.plan(reading("SELECT count(*) FROM projects"));
  REQUIRE(whole.nodes.size() == 2);
  CHECK(whole.nodes[0].type == "Aggregate");
  CHECK(whole.nodes[0].depth == 0);
  CHECK(whole.nodes[1].depth == 1);
  CHECK(whole.scans_whole("projects"));
  CHECK_FALSE(whole.scans_whole("ci_pipelines"));

  const db::Plan one = server.plan(
      reading("SELECT name FROM projects WHERE id = 1 ORDER BY id LIMIT 1"));
  CHECK(one.uses_index("projects_pkey"));
  CHECK_FALSE(one.uses_index("project_statistics_pkey"));
  CHECK_FALSE(one.scans_whole("projects"));
}

TEST_CASE("nothing is executed unless it is analyzed", "[postgres]") {
  Server server;
  const db::Statement failing = reading("SELECT 1 / (random() * 0)::integer");
  const db::Plan plan = server.plan(failing);
  CHECK(plan.nodes.at(0).milliseconds < 0);
  CHECK_THROWS_AS(server.plan(failing, true), db::Error);
  CHECK(server.plan(reading("SELECT 1"), true).nodes.at(0).milliseconds >= 0);
}

TEST_CASE("a statement that writes is never executed", "[postgres]") {
  Server server;
  const db::Statement statement = writing(
      "INSERT INTO projects (name, namespace_id) VALUES ('p', 1) RETURNING id");
  for (const bool analyze : {false, true}) {
    const db::Plan plan = server.plan(statement, analyze);
    CHECK(plan.nodes.at(0).type == "ModifyTable");
    CHECK(plan.nodes.at(0).milliseconds < 0);
  }
  CHECK(server.database.number("SELECT count(*) FROM projects") == 0);
  // A sequence would show even what was rolled back.
  CHECK(server.database.value("SELECT is_called FROM projects_id_seq") == "f");
}

TEST_CASE("a statement said to read can't write when it is analyzed",
          "[postgres]") {
  Server server;
  CHECK_THROWS_AS(
      server.plan(reading("INSERT INTO projects (name, namespace_id) "
                          "VALUES ('p', 1)"),
                  true),
      db::Error);
  CHECK(server.database.number("SELECT count(*) FROM projects") == 0);
}

TEST_CASE("every statement on artifacts can be explained", "[postgres]") {
  Server server;
  const db::Catalog catalog = db::Catalog::read(server.pool, {});
  server.session.tables = &catalog.tables();
  for (const db::Statement& statement : db::PipelineArtifacts::statements(
           catalog, telemetry::Timestamp::max())) {
    INFO(statement.query.name);
    CHECK_FALSE(server.plan(statement, true).nodes.empty());
  }
}
