#include "db/connection.hpp"
#include "tests/db/scripted_server.hpp"

#include <catch2/catch.hpp>

using std::chrono::seconds;
using tests::ScriptedServer;

namespace {

const db::Query query{"test.query", "DELETE FROM somewhere"};

db::Session session(bool read_only) {
  db::Session session;
  session.read_only = read_only;
  return session;
}

/// What stands before the answer to the statement: the bounds, with the
/// transaction's id in the last column where the session writes.
std::string begun() {
  return ScriptedServer::done("BEGIN") +
         ScriptedServer::row({"", "", "", "", "", "", "", "4242"});
}

std::string failure(const std::string& state) {
  std::string body;
  for (const std::string& field :
       {std::string("SFATAL"), "C" + state, std::string("Mgoing down")})
    body += field + '\0';
  return ScriptedServer::message('E', body + '\0');
}

}  // namespace

TEST_CASE("a COMMIT that is answered by COMMIT is a success", "[unit]") {
  const ScriptedServer server(begun() + ScriptedServer::done("DELETE 1") +
                              ScriptedServer::done("COMMIT") +
                              ScriptedServer::ready());
  db::Connection connection("test", seconds{5});
  CHECK_NOTHROW(connection.execute(session(false), query, {}));
}

TEST_CASE("a COMMIT that is answered by ROLLBACK is an error", "[unit]") {
  const ScriptedServer server(begun() + ScriptedServer::done("DELETE 1") +
                              ScriptedServer::done("ROLLBACK") +
                              ScriptedServer::ready());
  db::Connection connection("test", seconds{5});
  try {
    connection.execute(session(false), query, {});
    FAIL("it was taken for a success");
  } catch (const db::CommitUnknown&) {
    FAIL("it is known: nothing was committed");
  } catch (const db::Error& error) {
    CHECK(error.sqlstate() == "25P02");
    CHECK(error.query() == "test.query");
    CHECK_FALSE(error.connection_lost());
  }
}

TEST_CASE("a session lost before COMMIT is answered leaves a doubt", "[unit]") {
  const ScriptedServer server(begun() + ScriptedServer::done("DELETE 1"));
  db::Connection connection("test", seconds{5});
  try {
    connection.execute(session(false), query, {});
    FAIL("nobody said that it was committed");
  } catch (const db::CommitUnknown& unknown) {
    CHECK(unknown.transaction() == "4242");
    CHECK(unknown.rows_complete());
    CHECK(unknown.query() == "test.query");
    CHECK(unknown.connection_lost());
  }
  CHECK_FALSE(connection.usable());
}

TEST_CASE("a session lost within the result has its rows incomplete",
          "[unit]") {
  const ScriptedServer server(begun());
  db::Connection connection("test", seconds{5});
  try {
    connection.execute(session(false), query, {});
    FAIL("nobody said that it was committed");
  } catch (const db::CommitUnknown& unknown) {
    CHECK(unknown.transaction() == "4242");
    CHECK_FALSE(unknown.rows_complete());
  }
}

TEST_CASE("a session lost before anything was said has no transaction's name",
          "[unit]") {
  const ScriptedServer server("");
  db::Connection connection("test", seconds{5});
  try {
    connection.execute(session(false), query, {});
    FAIL("nobody said that it was committed");
  } catch (const db::CommitUnknown& unknown) {
    CHECK(unknown.transaction().empty());
    CHECK_FALSE(unknown.rows_complete());
  }
}

TEST_CASE("a reading statement leaves no doubt when its session is lost",
          "[unit]") {
  const ScriptedServer server(ScriptedServer::done("BEGIN"));
  db::Connection connection("test", seconds{5});
  try {
    connection.execute(session(true), query, {});
    FAIL("there was no answer");
  } catch (const db::CommitUnknown&) {
    FAIL("a statement that reads commits nothing");
  } catch (const db::Error& error) {
    CHECK(error.connection_lost());
    CHECK(error.query() == "test.query");
  }
}

TEST_CASE("what the server says as it goes down is no doubt", "[unit]") {
  // In the statement: nothing was committed.
  const ScriptedServer server(begun() + failure("57P01"));
  db::Connection connection("test", seconds{5});
  try {
    connection.execute(session(false), query, {});
    FAIL("it failed");
  } catch (const db::CommitUnknown&) {
    FAIL("the server said that the statement failed");
  } catch (const db::Error& error) {
    CHECK(error.sqlstate() == "57P01");
    CHECK(error.connection_lost());
  }
  CHECK_FALSE(connection.usable());
}

TEST_CASE("what the server says at COMMIT as it goes down is a doubt",
          "[unit]") {
  const ScriptedServer server(begun() + ScriptedServer::done("DELETE 1") +
                              failure("57P01"));
  db::Connection connection("test", seconds{5});
  CHECK_THROWS_AS(connection.execute(session(false), query, {}),
                  db::CommitUnknown);
}

TEST_CASE("what a pooler says as it gives up is a doubt", "[unit]") {
  // The server behind it may carry out all that it was sent, COMMIT included.
  const ScriptedServer server(begun() + failure("08P01"));
  db::Connection connection("test", seconds{5});
  try {
    connection.execute(session(false), query, {});
    FAIL("nobody said that it was committed");
  } catch (const db::CommitUnknown& unknown) {
    CHECK(unknown.transaction() == "4242");
    CHECK_FALSE(unknown.rows_complete());
    CHECK(std::string(unknown.what()).find("going down") != std::string::npos);
  }
}

TEST_CASE("a session whose cancel key is made up is pooled", "[unit]") {
  const ScriptedServer server("");
  db::Connection connection("test", seconds{5});
  CHECK_FALSE(connection.is_pooled(4711));
  CHECK(connection.is_pooled(12));
}
