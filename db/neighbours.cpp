#include "db/neighbours.hpp"

namespace db {
namespace {

// Above the newest that has ended: one that has just begun is not counted yet.
const Query read_newest{"health.writes", R"sql(
SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint
)sql"};

// "0:1234": how often ids have begun again from the first, and the next one.
const Query read_recent{"health.recent_writes", R"sql(
SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint
       - (split_part(next_xid, ':', 1)::bigint << 32)
       - split_part(next_xid, ':', 2)::bigint,
       extract(epoch FROM clock_timestamp() - checkpoint_time)::bigint
FROM pg_control_checkpoint()
)sql"};

const Query read_start{"health.server_start",
                       "SELECT pg_postmaster_start_time()"};

telemetry::Timestamp start_of_server(Pool& pool, const Session& session) {
  telemetry::Timestamp start;
  execute(pool, session, read_start, {},
          [&](const Row& row) { start = row.moment(0); });
  return start;
}

}  // namespace

RecentWrites read_recent_writes(Pool& pool, const Session& session) {
  RecentWrites recent;
  execute(pool, session, read_recent, {}, [&](const Row& row) {
    recent = {row.integer(0), std::chrono::seconds{row.integer(1)}};
  });
  return recent;
}

bool share_server(Pool& one, const Session& session_of_one, Pool& other,
                  const Session& session_of_other) {
  return start_of_server(one, session_of_one) ==
         start_of_server(other, session_of_other);
}

Writes read_writes(Pool& pool, const Session& session) {
  Writes writes;
  writes.own_least = pool.writes().ended;
  execute(pool, session, read_newest, {},
          [&](const Row& row) { writes.all = row.integer(0); });
  writes.own_most = pool.writes().begun;
  return writes;
}

}  // namespace db
