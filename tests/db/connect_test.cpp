#include "db/connection.hpp"
#include "tests/support/postgres_server.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/test_database.hpp"

#include <catch2/catch.hpp>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

using std::chrono::milliseconds;
using std::chrono::seconds;
using tests::ScopedEnvironment;

namespace {

/// How connecting fails: the error of that kind, or nothing.
template <typename Kind>
std::optional<Kind> failure(milliseconds timeout = seconds{5}) {
  try {
    const db::Connection connection("test", timeout);
  } catch (const Kind& error) {
    return error;
  } catch (const db::Error& error) {
    FAIL_CHECK(error.what());
  }
  return std::nullopt;
}

bool mentions(const db::Error& error, const std::string& text) {
  return std::string(error.what()).find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("a database that does not exist refuses us for good", "[postgres]") {
  const tests::TestDatabase database;
  const ScopedEnvironment wrong(
      {{"PGDATABASE", std::string("no_such_database")}});
  const auto error = failure<db::Refused>();
  REQUIRE(error);
  CHECK(error->sqlstate() == "3D000");
  CHECK(mentions(*error, "database \"no_such_database\" does not exist"));
}

TEST_CASE("a role that does not exist is refused for good", "[postgres]") {
  const tests::TestDatabase database;
  const ScopedEnvironment wrong({{"PGUSER", std::string("no_such_role")}});
  const auto error = failure<db::Refused>();
  REQUIRE(error);
  CHECK(error->sqlstate() == "28000");
  CHECK(mentions(*error, "role \"no_such_role\" does not exist"));
}

TEST_CASE("a database that a role may not connect to refuses it for good",
          "[postgres]") {
  tests::TestDatabase database;
  const std::string role = "stranger_" + database.name();
  database.run("CREATE ROLE " + role + " LOGIN; REVOKE CONNECT ON DATABASE " +
               database.name() + " FROM PUBLIC");
  {
    const ScopedEnvironment stranger({{"PGUSER", role}});
    const auto error = failure<db::Refused>();
    REQUIRE(error);
    CHECK(error->sqlstate() == "42501");
  }
  database.run("DROP ROLE " + role);
}

TEST_CASE("where there is no server it is unreachable, not refused", "[unit]") {
  const tests::TemporaryDirectory nowhere;
  const ScopedEnvironment environment({{"PGHOST", nowhere.path().string()},
                                       {"PGUSER", "nobody"},
                                       {"PGDATABASE", "nothing"}});
  const auto error = failure<db::Unreachable>();
  REQUIRE(error);
  CHECK(error->connection_lost());
  CHECK(mentions(*error, nowhere.path().string()));
}

TEST_CASE("a server that is full is unreachable, not refused",
          "[postgres][slow]") {
  const tests::PostgresServer server({"max_connections=5"});
  const auto here = server.environment();
  std::vector<tests::LibpqSession> others(5);
  const auto error = failure<db::Unreachable>();
  REQUIRE(error);
  CHECK(error->sqlstate() == "53300");
}

TEST_CASE("a server that does not answer is given up in time", "[unit]") {
  const tests::TemporaryDirectory directory("/tmp");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  (directory.path() / ".s.PGSQL.5432")
      .string()
      .copy(address.sun_path, sizeof address.sun_path - 1);
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(::bind(listener, reinterpret_cast<sockaddr*>(&address),
                 sizeof address) == 0);
  REQUIRE(::listen(listener, 1) == 0);
  const ScopedEnvironment environment({{"PGHOST", directory.path().string()},
                                       {"PGPORT", "5432"},
                                       {"PGUSER", "nobody"},
                                       {"PGDATABASE", "nothing"}});
  const auto began = std::chrono::steady_clock::now();
  CHECK(failure<db::Unreachable>(milliseconds{300}));
  const auto took = std::chrono::steady_clock::now() - began;
  CHECK(took >= milliseconds{300});
  CHECK(took < seconds{3});
  ::close(listener);
}
