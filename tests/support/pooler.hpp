#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/support/libpq_session.hpp"
#include "tests/support/program.hpp"
#include "tests/support/scoped_environment.hpp"
#include "tests/support/temporary_directory.hpp"

namespace tests {

/// A PgBouncer of the test's own, on a unix socket in a temporary directory, in
/// front of the server that PGHOST and PGUSER name: transaction mode, and four
/// connections to the server; lets that user in, and nobody else.  The
/// destructor kills it.
///
///     tests::World world;                   // its rows go to the server
///     tests::Pooler pooler;
///     const auto through = pooler.environment();
///     world.run();                          // goes through the pooler
///
/// Its console may be used from any thread, but from one at a time.
class Pooler {
 public:
  /// \param settings of the section [pgbouncer], as "name=value".
  /// \throws std::runtime_error if it does not start.
  explicit Pooler(const std::vector<std::string>& settings = {});
  Pooler(const Pooler&) = delete;
  Pooler& operator=(const Pooler&) = delete;

  /// Leads libpq here, for as long as the answer lives.
  [[nodiscard]] ScopedEnvironment environment() const;

  /// A command of the console, as "PAUSE" or "KILL gitlab".
  /// \throws std::runtime_error with what PgBouncer says.
  std::vector<Row> console(const std::string& command);
  /// Connections to the server, of all databases.
  std::size_t server_connections();

  static constexpr int pool_size = 4;

 private:
  void write_settings(const std::vector<std::string>& settings) const;
  void await_console();

  TemporaryDirectory directory_{"/tmp"};  // a socket's path is short
  std::optional<Program> process_;
  std::optional<LibpqSession> console_;
};

}  // namespace tests
