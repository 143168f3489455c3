#pragma once

#include <string>

namespace db {

/// A statement and its name.  The text is fixed, so that pg_stat_statements
/// adds up; the name stands in every error, log line and plan.
struct Query {
  std::string name;
  std::string sql;
  /// Walks an index in its order, from a cursor on: the planner must not fetch
  /// the whole range and sort it, which it likes to do when LIMIT is a tenth
  /// of the rows it expects.
  bool in_index_order = false;
};

}  // namespace db
