#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "db/pool.hpp"

namespace db {

/// How a table that a run deletes from is doing; where it is partitioned, all
/// partitions together.
struct TablePressure {
  std::string table;
  std::int64_t live_rows = 0;  ///< by PostgreSQL's statistics
  std::int64_t dead_rows = 0;  ///< likewise
  std::int64_t vacuums = 0;    ///< finished, by hand or by autovacuum
  bool vacuum_runs = false;    ///< at this moment, as far as it can be seen
  bool autovacuum = true;      ///< it is on, and comes at so many dead rows
};

/// What strains a database at one moment.  Milliseconds and bytes.
struct Pressure {
  /// pg_read_all_stats: without it there are no replay lag, no transactions of
  /// other roles, and no VACUUM under way.
  bool sees_all = false;
  std::int64_t standbys =
      0;  ///< receivers of WAL, whatever can be seen of them
  /// Of the standby that is furthest behind; nothing where none tells.
  std::optional<std::int64_t> replay_lag_ms;
  /// Other sessions that wait for a lock on GitLab's tables or their rows.
  std::int64_t lock_waits = 0;
  /// The oldest transaction whose snapshot keeps VACUUM from removing rows.
  std::optional<std::int64_t> oldest_transaction_ms;
  /// WAL that is not archived yet; nothing where nothing is archived.
  std::optional<std::int64_t> unarchived_bytes;
  std::vector<TablePressure> tables;
};

/// One statement of a few milliseconds, on PostgreSQL's own views alone: it
/// reads no table and takes no lock on one.
///
/// \throws Error, Unreachable
Pressure read_pressure(Pool& pool, const Session& session);

}  // namespace db
