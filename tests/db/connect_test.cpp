#include "db/connection.hpp"
#include "tests/support/postgres_server.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/test_database.hpp"

#include <catch2/catch.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

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

/// A host that swallows all it is sent, as one does that has died: nobody takes
/// the connections off this listener, so that it lets no more in.
class DeafHost {
 public:
  DeafHost() {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const here = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(::bind(sockets_[0], here, size) == 0);
    REQUIRE(::listen(sockets_[0], 0) == 0);
    REQUIRE(::getsockname(sockets_[0], here, &size) == 0);
    port_ = ntohs(address.sin_port);
    for (std::size_t i = 1; i < sockets_.size(); ++i)
      ::connect(sockets_[i], here, size);
  }
  ~DeafHost() {
    for (const int socket : sockets_)
      ::close(socket);
  }
  DeafHost(const DeafHost&) = delete;
  DeafHost& operator=(const DeafHost&) = delete;

  [[nodiscard]] int port() const { return port_; }

 private:
  static int new_socket() {
    return ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  }

  std::array<int, 4> sockets_{new_socket(), new_socket(), new_socket(),
                              new_socket()};
  int port_ = 0;
};

}  // namespace

TEST_CASE("of several hosts one that is deaf is passed over", "[postgres]") {
  const tests::TestDatabase database;
  const DeafHost deaf;
  const ScopedEnvironment hosts(
      {{"PGHOST", std::string("127.0.0.1,") + std::getenv("PGHOST")},
       {"PGPORT", std::to_string(deaf.port()) + ',' + std::getenv("PGPORT")}});
  const auto began = std::chrono::steady_clock::now();
  const db::Connection connection("test", seconds{5});
  CHECK(connection.usable());
  CHECK(std::chrono::steady_clock::now() - began >= seconds{2});
}

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
  const auto error = failure<db::Unreachable>(milliseconds{300});
  REQUIRE(error);
  CHECK(mentions(*error, "failed: no answer from the server in time"));
  const auto took = std::chrono::steady_clock::now() - began;
  CHECK(took >= milliseconds{300});
  CHECK(took < seconds{3});
  ::close(listener);
}
