#pragma once

#include <string>
#include <vector>

#include "db/catalog.hpp"
#include "db/pool.hpp"

namespace db {

/// A privilege that statements of ours need.
struct Privilege {
  std::string what;  ///< "UPDATE of locked on ci_pipeline_artifacts"
  bool held = false;
};

/// Which privileges are asked about.
struct PrivilegeScope {
  bool writes = true;  ///< for run; without, what only reads: for plan
  bool jobs = true;    ///< for the passes builds and traces, too
};

/// Each privilege on a table or column that \a catalog has, and whether this
/// role holds it; db/grants.sql grants these and no others.
///
/// \throws Error, Unreachable
std::vector<Privilege> read_privileges(Pool& pool, const Session& session,
                                       const Catalog& catalog,
                                       PrivilegeScope scope);

}  // namespace db
