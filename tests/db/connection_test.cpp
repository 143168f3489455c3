#include "db/connection.hpp"
#include "tests/support/test_database.hpp"

#include <catch2/catch.hpp>

#include <future>

using db::Parameters;
using db::Query;
using db::Session;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

struct IdleServer {
  tests::TestDatabase database;
  db::Connection connection{"test idle", seconds{5}};
};

std::string text_of(db::Connection& connection, const Session& session,
                    const std::string& sql) {
  std::string text;
  connection.execute(session, {"test.text", sql}, {},
                     [&](const db::Row& row) { text = row.text(0); });
  return text;
}

Session idle_writing() {
  Session session;
  session.read_only = false;
  return session;
}

/// \return the SQLSTATE that the statement ends with, or "".
std::string state_of(db::Connection& connection, const Session& session,
                     const std::string& sql) {
  try {
    connection.execute(session, {"test.state", sql}, {});
  } catch (const db::Error& error) {
    CHECK(error.query() == "test.state");
    return error.sqlstate();
  }
  return "";
}

const std::string all_bounds =
    "SELECT concat_ws('|', current_setting('statement_timeout'), "
    "current_setting('lock_timeout'), "
    "current_setting('idle_in_transaction_session_timeout'), "
    "current_setting('search_path'), current_setting('application_name'), "
    "current_setting('transaction_read_only'), "
    "current_setting('transaction_isolation'), "
    "current_setting('enable_seqscan'))";

}  // namespace

TEST_CASE("a statement runs under the bounds of its session", "[postgres]") {
  IdleServer server;
  Session session = idle_writing();
  session.application_name = "ci-janitor unlocked abc";
  session.search_path = "public, pg_temp";
  session.statement_timeout = milliseconds{1234};
  session.lock_timeout = milliseconds{56};

  CHECK(text_of(server.connection, session, all_bounds) ==
        "1234ms|56ms|5s|public, pg_temp|ci-janitor unlocked abc|off|"
        "read committed|on");
}

TEST_CASE("nothing of the bounds outlives its transaction", "[postgres]") {
  IdleServer server;
  Session session = idle_writing();
  session.application_name = "ci-janitor unlocked abc";
  session.search_path = "pg_catalog, pg_temp";
  tests::TestSession watcher;
  const auto name_of_session = [&] {
    return watcher
        .run(
            "SELECT application_name FROM pg_stat_activity "
            "WHERE datname = current_database() AND (application_name "
            "= 'test idle' OR application_name LIKE 'ci-janitor%')")
        .at(0)
        .at(0)
        .value_or("");
  };

  // All bounds are set by one statement, so two of them stand for all: the
  // name, which another session can see, and the search_path, which a session
  // without one of its own leaves as it is.
  text_of(server.connection, session, "SELECT 1::text");
  CHECK(name_of_session() == "test idle");
  CHECK(text_of(server.connection, {}, "SHOW search_path") ==
        "\"$user\", public");
  CHECK(state_of(server.connection, session, "SELECT 1 / 0") == "22012");
  CHECK(name_of_session() == "test idle");
  CHECK(text_of(server.connection, {}, "SHOW search_path") ==
        "\"$user\", public");
}

TEST_CASE("a role's own defaults change no statement", "[postgres]") {
  IdleServer server;
  server.database.run(
      "ALTER DATABASE " + server.database.name() +
      " SET default_transaction_read_only = on; ALTER DATABASE " +
      server.database.name() +
      " SET default_transaction_isolation = 'serializable'");
  db::Connection connection("test", seconds{5});
  CHECK(text_of(connection, {},
                "SELECT current_setting('default_transaction_isolation')") ==
        "serializable");
  const std::string bounds = text_of(connection, idle_writing(), all_bounds);
  CHECK(bounds.find("|off|read committed|") != std::string::npos);
  CHECK(state_of(connection, idle_writing(),
                 "INSERT INTO projects (name, namespace_id) VALUES ('p', 1)") ==
        "");
}

TEST_CASE("a statement beyond its time is cancelled, and the session goes on",
          "[postgres]") {
  IdleServer server;
  Session session;
  session.statement_timeout = milliseconds{50};
  try {
    text_of(server.connection, session, "SELECT pg_sleep(5)::text");
    FAIL("it was not cancelled");
  } catch (const db::Error& error) {
    CHECK(error.sqlstate() == "57014");
    CHECK(error.timed_out());
    CHECK_FALSE(error.connection_lost());
    CHECK_FALSE(error.is_transient());
  }
  CHECK(server.connection.usable());
  CHECK(text_of(server.connection, {}, "SELECT 'on'::text") == "on");
}

TEST_CASE("a deadline cuts the time of a statement", "[postgres]") {
  IdleServer server;
  Session session;
  session.statement_timeout = milliseconds{60000};
  session.deadline = telemetry::Deadline(seconds{1});
  const auto began = std::chrono::steady_clock::now();
  CHECK(state_of(server.connection, session, "SELECT pg_sleep(20)") == "57014");
  CHECK(std::chrono::steady_clock::now() - began < seconds{5});

  // Past the deadline a statement has a millisecond, since 0 would be forever.
  CHECK(text_of(server.connection, session.without_deadline(),
                "SHOW statement_timeout") == "1min");
  CHECK(state_of(server.connection, session, "SELECT pg_sleep(1)") == "57014");
}

TEST_CASE("a lock that others hold is given up in time", "[postgres]") {
  IdleServer server;
  server.database.run(
      "INSERT INTO projects (id, name, namespace_id) VALUES (1, 'p', 1)");
  tests::TestSession other;
  other.begin();
  other.run("UPDATE projects SET name = 'q' WHERE id = 1");

  Session session = idle_writing();
  session.lock_timeout = milliseconds{50};
  const std::string update = "UPDATE projects SET name = 'r' WHERE id = 1";
  try {
    server.connection.execute(session, {"test.lock", update}, {});
    FAIL("it did not wait");
  } catch (const db::Error& error) {
    CHECK(error.sqlstate() == "55P03");
    CHECK(error.is_transient());
  }
  other.rollback();
  server.connection.execute(session, {"test.lock", update}, {});
  CHECK(server.database.value("SELECT name FROM projects") == "r");
}

TEST_CASE("a failed statement changes nothing, and the session goes on",
          "[postgres]") {
  IdleServer server;
  const std::string before = server.database.dump();
  CHECK(state_of(server.connection, idle_writing(),
                 "WITH made AS (INSERT INTO projects (name, namespace_id) "
                 "VALUES ('p', 1) RETURNING id) SELECT 1 / (id - id) "
                 "FROM made") == "22012");
  CHECK(state_of(server.connection, idle_writing(), "SELEC") == "42601");
  CHECK(state_of(server.connection, {}, "SELECT * FROM nowhere") == "42P01");
  CHECK(server.connection.usable());
  CHECK(server.database.dump() == before);
  CHECK(state_of(server.connection, idle_writing(),
                 "INSERT INTO projects (name, namespace_id) VALUES ('p', 1)") ==
        "");
  CHECK(server.database.number("SELECT count(*) FROM projects") == 1);
}

TEST_CASE("a failure at COMMIT is an error, not a success", "[postgres]") {
  IdleServer server;
  server.database.run(
      "CREATE TABLE one (id integer UNIQUE DEFERRABLE INITIALLY DEFERRED)");
  CHECK_THROWS_AS(server.connection.execute(
                      idle_writing(),
                      {"test.twice", "INSERT INTO one VALUES (1), (1)"}, {}),
                  db::Error);
  CHECK(server.database.number("SELECT count(*) FROM one") == 0);
  CHECK(server.connection.usable());
  CHECK(text_of(server.connection, {}, "SELECT 'on'::text") == "on");
}

TEST_CASE("a reading session writes nothing", "[postgres]") {
  IdleServer server;
  for (const char* const sql :
       {"INSERT INTO projects (name, namespace_id) VALUES ('p', 1)",
        "DELETE FROM ci_pipeline_artifacts", "UPDATE ci_pipelines SET locked=0",
        "SELECT id FROM ci_pipelines FOR UPDATE"})
    CHECK(state_of(server.connection, {}, sql) == "25006");
  CHECK(server.database.number("SELECT count(*) FROM projects") == 0);
}

TEST_CASE("what is rolled back at its end changes nothing", "[postgres]") {
  IdleServer server;
  int rows = 0;
  server.connection.execute_and_roll_back(
      idle_writing(),
      {"test.insert",
       "INSERT INTO projects (name, namespace_id) VALUES ('p', 1) RETURNING "
       "id"},
      {}, [&](const db::Row&) { ++rows; });
  CHECK(rows == 1);
  CHECK(server.database.number("SELECT count(*) FROM projects") == 0);
}

TEST_CASE("large values and a large result pass each other", "[postgres]") {
  IdleServer server;
  const std::vector<std::string> values(10000, std::string(1000, 'v'));
  std::int64_t rows = 0;
  std::int64_t bytes = 0;
  server.connection.execute(
      {}, {"test.large", "SELECT repeat('r', 1000) || t FROM unnest($1) AS t"},
      Parameters().add(values), [&](const db::Row& row) {
        ++rows;
        bytes += static_cast<std::int64_t>(row.text(0).size());
      });
  CHECK(rows == 10000);
  CHECK(bytes == 20'000'000);

  // The server answers the first statements before it has read the last.
  CHECK(text_of(server.connection, {},
                "SELECT length(repeat('x', 20000000))::text") == "20000000");
  CHECK(text_of(server.connection, {}, "SELECT repeat('x', 20000000)").size() ==
        20'000'000);
}

TEST_CASE("a sink sees the rows in order, and none is fine too", "[postgres]") {
  IdleServer server;
  std::vector<std::int64_t> seen;
  server.connection.execute(
      {}, {"test.series", "SELECT generate_series(1, 500)"}, {},
      [&](const db::Row& row) { seen.push_back(row.integer(0)); });
  REQUIRE(seen.size() == 500);
  CHECK(std::is_sorted(seen.begin(), seen.end()));
  server.connection.execute(
      {}, {"test.series", "SELECT generate_series(1, 500)"}, {});
  server.connection.execute({}, {"test.none", "SELECT 1 WHERE false"}, {},
                            [](const db::Row&) { FAIL("there is no row"); });
}

TEST_CASE("pg_stat_activity tells program, pass and run while one works",
          "[postgres]") {
  IdleServer server;
  Session session;
  session.application_name = "ci-janitor legacy 0a1b2c3d";
  auto work = std::async(std::launch::async, [&] {
    return text_of(server.connection, session, "SELECT pg_sleep(1)::text");
  });
  tests::TestSession watcher;
  std::string seen;
  const auto until = std::chrono::steady_clock::now() + seconds{5};
  while (seen.empty() && std::chrono::steady_clock::now() < until) {
    const auto rows = watcher.run(
        "SELECT application_name FROM pg_stat_activity WHERE state = 'active' "
        "AND query LIKE '%pg_sleep%' AND pid <> pg_backend_pid() AND "
        "datname = current_database()");
    if (!rows.empty())
      seen = rows[0][0].value_or("");
  }
  work.get();
  CHECK(seen == "ci-janitor legacy 0a1b2c3d");
}

TEST_CASE("the time of every statement is recorded, COMMIT included",
          "[postgres]") {
  IdleServer server;
  telemetry::StatementTimes times;
  Session session;
  session.times = &times;
  text_of(server.connection, session, "SELECT pg_sleep(0.05)::text");
  CHECK(times.slowest_ms() >= 50);
  CHECK(times.slowest_ms() < 5000);
}

TEST_CASE("a direct session is not taken for a pooled one", "[postgres]") {
  IdleServer server;
  std::int64_t pid = 0;
  server.connection.execute({}, {"test.pid", "SELECT pg_backend_pid()"}, {},
                            [&](const db::Row& row) { pid = row.integer(0); });
  CHECK_FALSE(server.connection.is_pooled(pid));
  CHECK(server.connection.is_pooled(pid + 1));
  CHECK(server.connection.description().find(server.database.name()) !=
        std::string::npos);
}

TEST_CASE("an index is walked in its order where a statement says so",
          "[postgres]") {
  IdleServer server;
  const Query ordered{"test.order", "SHOW enable_bitmapscan", true};
  const Query other{"test.order", "SHOW enable_bitmapscan"};
  const auto ask = [&](const Query& query) {
    std::string text;
    server.connection.execute({}, query, {},
                              [&](const db::Row& row) { text = row.text(0); });
    return text;
  };
  CHECK(ask(ordered) == "off");
  CHECK(ask(other) == "on");
}
