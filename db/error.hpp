#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace db {

/// The database said no, or is gone.  Carries what we were doing (the query's
/// name) and the server's SQLSTATE; empty where libpq itself gave up.
class Error : public std::runtime_error {
 public:
  Error(std::string query, std::string sqlstate, const std::string& message);

  [[nodiscard]] const std::string& query() const { return query_; }
  /// What was said, without the query's name.
  [[nodiscard]] std::string message() const {
    return what() + query_.size() + std::string_view(": ").size();
  }
  [[nodiscard]] const std::string& sqlstate() const { return sqlstate_; }

  /// The same transaction may pass if it is begun again: serialization
  /// failure, deadlock, lock timeout.
  [[nodiscard]] bool is_transient() const;
  /// The statement was cancelled: its timeout, or somebody's hand.
  [[nodiscard]] bool timed_out() const;
  /// That was its timeout, so far as the server says so in English.
  [[nodiscard]] bool took_too_long() const;
  /// The session is gone, or leads to a server that is no primary any more.
  [[nodiscard]] bool connection_lost() const;
  /// Every further statement of this kind will fail too: a table, a column or
  /// a privilege is missing.
  [[nodiscard]] bool is_unfit() const;
  /// Tables are not what they were when the catalog was read: a name is gone,
  /// or a column wants a value that nobody gave.
  [[nodiscard]] bool tells_other_schema() const;

 private:
  std::string query_;
  std::string sqlstate_;
};

/// The session broke after the whole transaction was sent and before the server
/// said how it ended.  xact_outcome() of pool.hpp tells what became of it, if
/// the transaction's id had arrived.
class CommitUnknown : public Error {
 public:
  CommitUnknown(std::string query, const std::string& message,
                std::string transaction, bool rows_complete);

  /// The transaction's id (xid8 in decimal); empty if it had not arrived.
  [[nodiscard]] const std::string& transaction() const { return transaction_; }
  /// Every row of the result had arrived.
  [[nodiscard]] bool rows_complete() const { return rows_complete_; }

 private:
  std::string transaction_;
  bool rows_complete_;
};

/// No session can be had, after retries.
class Unreachable : public Error {
 public:
  using Error::Error;
};

/// The server is there, and goes another way than the one the run began with:
/// a standby was promoted, or a backup restored.  What the run knows (ids, and
/// what was committed) may not be true there.
class FailedOver : public Unreachable {
 public:
  using Unreachable::Unreachable;
};

/// The server is there and refuses us for good: password, database, role.
class Refused : public Error {
 public:
  using Error::Error;
};

}  // namespace db
