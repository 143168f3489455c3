#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "db/pool.hpp"
#include "db/statement.hpp"

namespace db {

/// One node of a plan, with its depth in the tree.
struct PlanNode {
  int depth = 0;
  std::string type;      ///< "Index Scan"
  std::string relation;  ///< "ci_pipeline_artifacts", or ""
  std::string index;     ///< or ""
  std::int64_t expected_rows = 0;
  double total_cost = 0;
  double milliseconds = -1;  ///< with analyze; else -1
};

struct Plan {
  std::vector<PlanNode> nodes;

  [[nodiscard]] bool scans_whole(const std::string& relation) const;
  [[nodiscard]] bool uses_index(const std::string& index) const;
};

/// What the planner makes of a statement.  Nothing is executed, unless
/// \a analyze and the statement only reads: then it is, in a READ ONLY
/// transaction that is rolled back.
///
/// \throws Error, Unreachable
Plan explain(Pool& pool, const Session& session, const Statement& statement,
             bool analyze);

}  // namespace db
