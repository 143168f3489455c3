#pragma once

#include <memory>
#include <string>

#include "tests/support/postgres_server.hpp"
#include "tests/support/temporary_directory.hpp"

namespace tests {

/// A primary with one standby, behind an address that goes over from the one to
/// the other, as a virtual IP does.  PGHOST is that address for as long as the
/// object lives.
///
///     tests::ReplicatedServer servers;
///     tests::TestDatabase database;        // on the primary
///     servers.cut_off();                   // the standby gets no WAL any more
///     ...
///     servers.fail_over();                 // what came after is lost
///     database.reconnect();
///
/// Any method may be called from another thread, one at a time.
class ReplicatedServer {
 public:
  ReplicatedServer();

  /// Every COMMIT waits for the standby from now on.
  void replicate_synchronously();
  /// The standby hears nothing more from the primary.
  void cut_off();
  /// It does again, and catches up.
  void connect();
  /// The primary loses its power.
  void crash();
  /// The address leads to the standby from now on.
  void move_address();
  /// The standby becomes a primary.
  void promote();
  /// All three.
  void fail_over();

  /// How many receivers of WAL the primary sees.
  [[nodiscard]] int streaming() const;
  [[nodiscard]] const PostgresServer& primary() const { return primary_; }
  [[nodiscard]] const PostgresServer& standby() const { return *standby_; }

 private:
  void wait_until_streaming(int number) const;
  void lead_standby_to(const std::string& conninfo);

  PostgresServer primary_;
  TemporaryDirectory address_{"/tmp"};
  ScopedEnvironment environment_;
  std::unique_ptr<PostgresServer> standby_;
  std::string conninfo_;  ///< as pg_basebackup wrote it
};

}  // namespace tests
