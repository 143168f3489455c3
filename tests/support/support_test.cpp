#include <catch2/catch.hpp>

#include <cstdlib>
#include <string>

#include "tests/support/postgres_server.hpp"
#include "tests/support/test_database.hpp"

TEST_CASE("a test database has the tables, is named by PGDATABASE, and goes",
          "[postgres]") {
  std::string name;
  {
    tests::TestDatabase database;
    name = database.name();
    CHECK(database.value("SELECT current_database()") == name);
    CHECK(std::string(std::getenv("PGDATABASE")) == name);
    CHECK(database.number("SELECT count(*) FROM ci_pipeline_artifacts") == 0);
  }
  tests::LibpqSession session("postgres");
  CHECK(session.run("SELECT FROM pg_database WHERE datname = '" + name + "'")
            .empty());
}

TEST_CASE("a dump shows every change of every row", "[postgres]") {
  tests::TestDatabase database;
  database.run("CREATE TABLE things (id bigint, what text)");
  const std::string empty = database.dump();
  database.run("INSERT INTO things VALUES (1, 'a'), (2, NULL)");
  const std::string full = database.dump();
  CHECK(full != empty);
  database.run("UPDATE things SET what = '' WHERE id = 2");
  CHECK(database.dump() != full);
  database.run("UPDATE things SET what = NULL WHERE id = 2");
  CHECK(database.dump() == full);
}

TEST_CASE("a failing statement throws what the server said", "[postgres]") {
  tests::TestDatabase database;
  CHECK_THROWS_WITH(database.run("SELECT 1; SELECT 1 / 0"),
                    Catch::Contains("division by zero"));
  CHECK_THROWS_WITH(database.value("SELECT 1 WHERE false"),
                    Catch::Contains("0 rows"));
}

TEST_CASE("a second session holds a lock until it commits", "[postgres]") {
  tests::TestDatabase database;
  database.run("CREATE TABLE things AS SELECT 1 AS id");
  tests::TestSession holder;
  tests::TestSession waiter;
  holder.begin();
  holder.run("DELETE FROM things");
  waiter.send("SELECT id FROM things FOR UPDATE");
  while (database.number("SELECT count(*) FROM pg_locks WHERE NOT granted") ==
         0) {
  }
  CHECK(waiter.busy());
  holder.commit();
  CHECK(waiter.finish().empty());
}

TEST_CASE("a server of one's own survives a crash and has a standby",
          "[postgres]") {
  tests::PostgresServer server({"work_mem=9MB"});
  const tests::ScopedEnvironment here = server.environment();
  tests::LibpqSession("postgres").run("CREATE TABLE things AS SELECT 7 AS id");
  server.crash();
  CHECK_THROWS(tests::LibpqSession("postgres"));
  server.start();
  CHECK(tests::LibpqSession("postgres").run("SHOW work_mem")[0][0] == "9MB");

  const auto standby = server.standby();
  const tests::ScopedEnvironment there = standby->environment();
  tests::LibpqSession session("postgres");
  CHECK(session.run("SELECT id FROM things")[0][0] == "7");
  CHECK(session.run("SELECT pg_is_in_recovery()")[0][0] == "t");
}

TEST_CASE("-- a name with , ; [ ] \" ' * and \\ can be run by ctest",
          "[unit]") {
  SUCCEED();
}
