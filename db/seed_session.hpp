#pragma once

#include <memory>

#include "db/error.hpp"
#include "db/parameters.hpp"
#include "db/query.hpp"
#include "db/row.hpp"

struct pg_conn;

namespace db {

/// A session that keeps one transaction open over many statements, as filling
/// an empty database wants it and nothing else may: a Connection's statements
/// are a transaction each.
///
/// Use it from one thread at a time.
class SeedSession {
 public:
  /// Connect by libpq's environment.
  ///
  /// \throws Unreachable if there is no server.
  /// \throws Refused if it refuses the role, password or database.
  SeedSession();

  /// Run one statement; rows go to \a sink.
  /// \throws Error naming the query.
  void run(const Query& query, const Parameters& parameters = {},
           const RowSink& sink = {});

  /// Run a text of many statements that takes no values.
  /// \throws Error naming the query.
  void run_script(const Query& query);

 private:
  struct Finish {
    void operator()(pg_conn* handle) const noexcept;
  };

  std::unique_ptr<pg_conn, Finish> handle_;
};

}  // namespace db
