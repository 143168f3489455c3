#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "db/pool.hpp"

namespace db {

/// How far the WAL has come: on the primary, and on its standbys.
struct WalProgress {
  std::string timeline;      ///< as Pool::timeline()
  std::int64_t flushed = 0;  ///< on the primary, in bytes
  /// As many standbys as were asked for have flushed so far; nothing where
  /// fewer are streaming, or may be seen.
  std::optional<std::int64_t> flushed_by_standbys;
};

/// Whatever was committed before this is asked for ends at or before `flushed`,
/// as long as a COMMIT waits for its WAL to be flushed (synchronous_commit).
///
/// \throws Error, Unreachable
WalProgress read_wal_progress(Pool& pool, const Session& session,
                              std::int64_t standbys);

/// What stands in the way of a look at the standbys.
struct ReplicationView {
  bool may_see = false;  ///< pg_read_all_stats
  bool commits_are_flushed = false;
  std::int64_t streaming = 0;  ///< standbys; 0 where they can't be seen
};
ReplicationView read_replication_view(Pool& pool, const Session& session);

}  // namespace db
