#pragma once

#include <chrono>
#include <string>

#include "telemetry/deadline.hpp"
#include "telemetry/statement_times.hpp"

namespace db {

class Tables;

/// What a transaction runs under.  Nothing of it outlives the transaction, so
/// that a pooler in transaction mode may hand the session to anybody between
/// two of them.
struct Session {
  std::string application_name;  ///< program, pass and run id
  std::string
      search_path;  ///< the tables' schema, then pg_temp; "": the role's
  const Tables* tables = nullptr;  ///< write the statements, if given
  std::chrono::milliseconds statement_timeout{5000};
  std::chrono::milliseconds lock_timeout{300};
  telemetry::Deadline deadline;  ///< cuts the statement timeout
  bool read_only = true;
  telemetry::StatementTimes* times = nullptr;  ///< takes the time, if given

  /// The same, past the deadline: for what has to follow work already done.
  [[nodiscard]] Session without_deadline() const {
    Session session = *this;
    session.deadline = {};
    return session;
  }
};

}  // namespace db
