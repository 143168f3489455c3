#include "db/replication.hpp"

namespace db {
namespace {

// pg_stat_replication has a row for every receiver of WAL.  Subscribers of
// logical replication can't be promoted; each has a slot, which tells them.
// (https://www.postgresql.org/docs/15/monitoring-stats.html)
const std::string streaming_standbys = R"sql(
FROM pg_stat_replication AS r
WHERE r.state = 'streaming'
  AND r.flush_lsn IS NOT NULL
  AND NOT EXISTS (SELECT
                  FROM pg_replication_slots AS s
                  WHERE s.active_pid = r.pid
                    AND s.slot_type = 'logical')
)sql";

// The flushed place, not the inserted one: that may lie in the header of a page
// that nobody has written yet, and no idle server ever flushes it.
const Query read_progress{"replication.progress",
                          R"sql(
SELECT left(pg_walfile_name(pg_current_wal_flush_lsn()), 8),
       (pg_current_wal_flush_lsn() - '0/0')::bigint,
       (SELECT (r.flush_lsn - '0/0')::bigint)sql" +
                              streaming_standbys + R"sql(
        ORDER BY r.flush_lsn DESC
        OFFSET $1::bigint - 1
        LIMIT 1)
)sql"};

const Query read_view{"replication.view", R"sql(
SELECT pg_has_role('pg_read_all_stats', 'USAGE'),
       current_setting('synchronous_commit') <> 'off',
       (SELECT count(*))sql" + streaming_standbys +
                                              ")"};

}  // namespace

WalProgress read_wal_progress(Pool& pool, const Session& session,
                              std::int64_t standbys) {
  WalProgress progress;
  execute(pool, session, read_progress, Parameters().add(standbys),
          [&](const Row& row) {
            progress = {std::string(row.text(0)), row.integer(1),
                        row.maybe_integer(2)};
          });
  return progress;
}

ReplicationView read_replication_view(Pool& pool, const Session& session) {
  ReplicationView view;
  execute(pool, session, read_view, {}, [&](const Row& row) {
    view = {row.boolean(0), row.boolean(1), row.integer(2)};
  });
  return view;
}

}  // namespace db
