#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "db/pool.hpp"

namespace db {

/// The database's now(): horizon and clock of a run.
telemetry::Timestamp now(Pool& pool, const Session& session);

/// Who and where we are.
struct Server {
  std::string version;   ///< "15.18 (Debian 15.18-0+deb12u1)"
  std::string database;  ///< current_database()
  std::string role;      ///< current_user
  bool pooled = false;   ///< a pooler stands between
};
Server read_server(Pool& pool, const Session& session);

/// Geo copies objects to secondaries, by rows of ci_pipeline_artifacts and
/// events that only GitLab writes.  geo_nodes has to be there.
bool has_geo_secondaries(Pool& pool, const Session& session);

/// How VACUUM keeps up with a table that a run deletes from.
struct VacuumState {
  std::string table;
  std::int64_t live_rows = 0;
  std::int64_t dead_rows = 0;
  bool autovacuum = true;  ///< for the server and for this table
};
std::vector<VacuumState> read_vacuum_states(Pool& pool, const Session& session);

}  // namespace db
