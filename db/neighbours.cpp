#include "db/neighbours.hpp"

namespace db {
namespace {

// Above the newest that has ended: one that has just begun is not counted yet.
const Query read_newest{"health.writes", R"sql(
SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint
)sql"};

}  // namespace

Writes read_writes(Pool& pool, const Session& session) {
  Writes writes;
  writes.own_least = own_writes().ended;
  execute(pool, session, read_newest, {},
          [&](const Row& row) { writes.all = row.integer(0); });
  writes.own_most = own_writes().begun;
  return writes;
}

}  // namespace db
