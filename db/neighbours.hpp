#pragma once

#include <chrono>
#include <cstdint>

#include "db/pool.hpp"

namespace db {

/// Transactions that have written, of the whole server, at one moment.
struct Writes {
  std::int64_t all = 0;  ///< a number that each of them raises by one
  /// Of this process, at least and at most so many are among them: some were
  /// under way meanwhile.  See Pool::count_with().
  std::int64_t own_least = 0;
  std::int64_t own_most = 0;
};

/// Transaction ids tell: whoever writes is given one, and they are given in
/// turn (https://www.postgresql.org/docs/15/transaction-id.html).  A statement
/// of a tenth of a millisecond that every role may make.
///
/// \throws Error, Unreachable
Writes read_writes(Pool& pool, const Session& session);

/// What anybody has written lately.
struct RecentWrites {
  std::int64_t writes = 0;  ///< as Writes::all counts them
  std::chrono::seconds within{};
};

/// Since the server's last checkpoint, which says when it was and how many had
/// written by then, to the second: five minutes ago at most where
/// checkpoint_timeout is PostgreSQL's own.  Every role may ask
/// (https://www.postgresql.org/docs/15/functions-info.html).
///
/// \throws Error, Unreachable
RecentWrites read_recent_writes(Pool& pool, const Session& session);

/// Whether both pools lead to databases of one server, whose transaction ids
/// are the same: by the microsecond in which it was started.
///
/// \throws Error, Unreachable
bool share_server(Pool& one, const Session& session_of_one, Pool& other,
                  const Session& session_of_other);

}  // namespace db
