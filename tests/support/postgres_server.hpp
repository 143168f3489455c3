#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/support/libpq_session.hpp"
#include "tests/support/scoped_environment.hpp"

namespace tests {

/// A PostgreSQL server of the test's own, in a temporary directory: for tests
/// that stop, crash or replicate it.  Takes about a second to start; the
/// destructor stops it and removes all of it.
///
///     const tests::PostgresServer server;
///     const auto here = server.environment();
///     tests::TestDatabase database;            // on that server
class PostgresServer {
 public:
  /// \param settings of postgresql.conf, as "name=value"; "port=" is heeded.
  /// \throws std::runtime_error if it does not start.
  explicit PostgresServer(const std::vector<std::string>& settings = {});
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  /// The directory of its socket: PGHOST.
  [[nodiscard]] const std::string& host() const { return host_; }
  [[nodiscard]] const std::string& port() const { return port_; }
  [[nodiscard]] static std::string user() { return "postgres"; }
  /// Leads libpq here, and so TestDatabase, for as long as the answer lives.
  [[nodiscard]] ScopedEnvironment environment() const;

  void start();
  void stop();
  /// End it as a power failure would: sessions are cut, nothing is written.
  void crash();
  /// Stop it and start it again.
  void restart();

  /// Run statements here, wherever PGHOST leads.
  /// \return the only field of the only row of the last; "" if there is none.
  /// \throws std::runtime_error with the server's message.
  std::string run(const std::string& sql) const;

  /// All that it has written down so far.
  [[nodiscard]] std::string log() const;

  /// A hot standby of this server, which must be running.
  [[nodiscard]] std::unique_ptr<PostgresServer> standby() const;

 private:
  explicit PostgresServer(const PostgresServer* primary);

  std::string directory_;
  std::string host_;
  std::string port_ = "5432";
};

}  // namespace tests
