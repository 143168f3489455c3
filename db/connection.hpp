#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "db/error.hpp"
#include "db/parameters.hpp"
#include "db/query.hpp"
#include "db/row.hpp"
#include "db/session.hpp"

struct pg_conn;

namespace db {

/// Which database, where it is not the one that the environment names.
struct Address {
  std::string service;   ///< of the connection service file
  std::string conninfo;  ///< or a conninfo string or URI; a secret
};

/// One session with PostgreSQL, closed when the object goes away.  Whatever
/// names the database comes from PGHOST, PGSERVICE, PGPASSFILE and the like,
/// but for what an Address says.
///
/// Every statement is a transaction of its own and costs one round trip: BEGIN,
/// the session's bounds by set_config(…, true), the statement and COMMIT leave
/// in one flush of libpq's pipeline mode
/// (https://www.postgresql.org/docs/15/libpq-pipeline-mode.html).  No session
/// state of any kind is made, so PgBouncer's transaction mode is good enough.
///
/// Use a Connection from one thread at a time.
class Connection {
 public:
  /// Connect, within \a timeout.
  ///
  /// \throws Unreachable if there is no server, or it is starting or full.
  /// \throws Refused if the server refuses the role, password or database, or
  ///         its certificate is not what PGSSLMODE asks for.
  Connection(const std::string& application_name,
             std::chrono::milliseconds timeout, const Address& address = {});

  /// Run one statement in a transaction of its own.  Rows go to \a sink as they
  /// arrive: a sink that keeps them must be ready for the transaction to fail
  /// after all.
  ///
  /// \throws Error naming the query, with the server's SQLSTATE; nothing was
  ///         changed then.  25006 where a server that is to be written to turns
  ///         out to be a standby; the session is given up then.
  /// \throws CommitUnknown if the session broke, or a pooler gave it up, or the
  ///         server said nothing within the statement's timeout and ten
  ///         seconds more.
  void execute(const Session& session, const Query& query,
               const Parameters& parameters, const RowSink& sink = {});

  /// As execute(), rolled back at its end instead of committed.
  void execute_and_roll_back(const Session& session, const Query& query,
                             const Parameters& parameters, const RowSink& sink);

  /// False once the session is gone.  Nothing brings it back.  Asks the socket,
  /// not the server; only between two statements.
  [[nodiscard]] bool usable() const;

  /// Something between us and the server answers for it: the server's process
  /// is not the one that we were told when we connected.  PgBouncer makes up
  /// its own cancel keys.
  [[nodiscard]] bool is_pooled(std::int64_t backend_pid) const;

  /// "database 'gitlab' at '/run/postgresql'", for messages.
  [[nodiscard]] std::string description() const;

 private:
  struct Finish {
    void operator()(pg_conn* handle) const noexcept;
  };

  void run(const Session& session, const Query& query,
           const Parameters& parameters, const Query& last,
           const RowSink& sink);
  [[noreturn]] void fail(const Session& session, const Query& query,
                         const Error& error);
  void leave_failed_transaction();

  std::unique_ptr<pg_conn, Finish> handle_;
};

}  // namespace db
