#pragma once

#include <libpq-fe.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tests {

/// NULL is an empty optional.
using Row = std::vector<std::optional<std::string>>;

/// Who owns the tables of the tests' servers, and whom the tests' own sessions
/// are.
inline constexpr const char* owner_role = "postgres";

/// A session over plain libpq, and not over db/, so that a mistake in db/ can't
/// hide itself.  Leads to where PGHOST and the like say, as the owner of the
/// tables, whoever PGUSER is.
class LibpqSession {
 public:
  /// \param database its name; empty: what PGDATABASE says.
  /// \param host the directory of its socket; empty: what PGHOST says.
  /// \throws std::runtime_error with how to run the tests, if PGHOST is not
  ///         set; with libpq's message, if there is no connection.
  explicit LibpqSession(const std::string& database = {},
                        const std::string& host = {});

  /// Run any number of statements.
  ///
  /// \return the rows of the last one.
  /// \throws std::runtime_error with the server's message.
  std::vector<Row> run(const std::string& sql);
  /// Send statements and do not wait; finish() does.
  void send(const std::string& sql);
  /// Wait for what send() sent; as run().
  std::vector<Row> finish();
  /// Whether what send() sent is still under way.
  [[nodiscard]] bool busy();

  [[nodiscard]] int process_id() const { return PQbackendPID(handle_.get()); }

 private:
  struct Finish {
    void operator()(PGconn* handle) const noexcept { PQfinish(handle); }
  };

  std::unique_ptr<PGconn, Finish> handle_;
};

/// End the sessions of pg_stat_activity for which \a condition holds, and wait
/// until they have ended; PostgreSQL 13 has no function that waits.
///
/// \return how many there were.
std::size_t end_sessions(LibpqSession& session, const std::string& condition);

}  // namespace tests
