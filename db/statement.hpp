#pragma once

#include "db/parameters.hpp"
#include "db/query.hpp"

namespace db {

/// A statement with values, as `explain` shows it.
struct Statement {
  const char* pass;  ///< who issues it: "unlocked", "legacy", "objects", "run"
  Query query;
  Parameters parameters;
  bool reads_only = true;
  /// A sequential scan of this table would read it whole: a missing index.
  const char* large_table = nullptr;
  /// The index that has to be there for it, as CREATE INDEX takes it.
  const char* wanted_index = nullptr;
};

}  // namespace db
