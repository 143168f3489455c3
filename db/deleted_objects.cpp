#include "db/deleted_objects.hpp"

namespace db {
namespace {

using telemetry::Timestamp;

// Of 20,000 entries with 100 due the planner would rather read the whole table
// to join them than look each up.
const Query lease_due{"deleted_objects.lease", R"sql(
WITH due AS MATERIALIZED (
    SELECT id, pick_up_at
    FROM {ci_deleted_objects}
    WHERE pick_up_at >= $2::timestamptz
      AND pick_up_at < $3::timestamptz
      AND file_store = ANY ($1::bigint[])
      AND )sql" + in_shard("id", "$5", "$6") + R"sql(
    ORDER BY pick_up_at
    LIMIT $4::bigint
    FOR UPDATE SKIP LOCKED
)
UPDATE {ci_deleted_objects} AS entry
SET pick_up_at = now() + interval '10 minutes'
FROM due
WHERE entry.id = due.id
RETURNING entry.id, entry.file_store, entry.store_dir, entry.file,
          due.pick_up_at
)sql",
                      /*in_index_order=*/true};

const Query list_due{"deleted_objects.list_due", R"sql(
SELECT id, file_store, store_dir, file, pick_up_at
FROM {ci_deleted_objects}
WHERE pick_up_at >= $2::timestamptz
  AND pick_up_at < $3::timestamptz
  AND (pick_up_at, id) > ($2::timestamptz, $7::bigint)
  AND file_store = ANY ($1::bigint[])
  AND )sql" + in_shard("id", "$5", "$6") + R"sql(
ORDER BY pick_up_at, id
LIMIT $4::bigint
)sql"};

const Query forget_entries{"deleted_objects.forget", R"sql(
DELETE FROM {ci_deleted_objects}
WHERE id = ANY ($1::bigint[])
)sql"};

const Query release_entries{"deleted_objects.release", R"sql(
UPDATE {ci_deleted_objects}
SET pick_up_at = now()
WHERE id = ANY ($1::bigint[])
)sql"};

const Query count_due_entries{"deleted_objects.count_due", R"sql(
SELECT count(*)
FROM (SELECT 1
      FROM {ci_deleted_objects}
      WHERE pick_up_at < now()
        AND file_store = ANY ($1::bigint[])
        AND )sql" + in_shard("id", "$3", "$4") + R"sql(
      LIMIT $2::bigint) AS due
)sql"};

QueuedObject read_entry(const Row& row) {
  return {row.integer(0), row.integer(1), std::string(row.text(2)),
          std::string(row.text(3)), row.moment(4)};
}

Parameters range(const std::vector<std::int64_t>& stores, Timestamp from,
                 Timestamp before, std::int64_t limit, Shard shard) {
  return Parameters()
      .add(stores)
      .add(from)
      .add(before)
      .add(limit)
      .add(shard.count)
      .add(shard.index);
}

}  // namespace

std::vector<QueuedObject> DeletedObjects::lease(
    const Session& session, const std::vector<std::int64_t>& stores,
    Timestamp from, Timestamp before, std::int64_t limit, Shard shard) const {
  std::vector<QueuedObject> entries;
  execute(pool_, session, lease_due, range(stores, from, before, limit, shard),
          [&](const Row& row) { entries.push_back(read_entry(row)); });
  return entries;
}

std::vector<QueuedObject> DeletedObjects::due(
    const Session& session, const std::vector<std::int64_t>& stores,
    Timestamp from, std::int64_t after_id, Timestamp before, std::int64_t limit,
    Shard shard) const {
  std::vector<QueuedObject> entries;
  execute(pool_, session, list_due,
          range(stores, from, before, limit, shard).add(after_id),
          [&](const Row& row) { entries.push_back(read_entry(row)); });
  return entries;
}

void DeletedObjects::forget(const Session& session,
                            const std::vector<std::int64_t>& ids) const {
  execute(pool_, session, forget_entries, Parameters().add(ids));
}

void DeletedObjects::release(const Session& session,
                             const std::vector<std::int64_t>& ids) const {
  execute(pool_, session, release_entries, Parameters().add(ids));
}

std::int64_t DeletedObjects::count_due(const Session& session,
                                       const std::vector<std::int64_t>& stores,
                                       std::int64_t limit, Shard shard) const {
  std::int64_t count = 0;
  execute(pool_, session, count_due_entries,
          Parameters().add(stores).add(limit).add(shard.count).add(shard.index),
          [&](const Row& row) { count = row.integer(0); });
  return count;
}

std::vector<Statement> DeletedObjects::statements(Timestamp horizon,
                                                  Shard shard) {
  const std::vector<std::int64_t> none{0};
  constexpr const char* table = "ci_deleted_objects";
  constexpr const char* index = "ci_deleted_objects (pick_up_at)";
  return {
      {"objects", lease_due, range({1}, Timestamp::min(), horizon, 1000, shard),
       false, table, index},
      {"objects", list_due,
       range({1}, Timestamp::min(), horizon, 1000, shard).add(std::int64_t{0}),
       true, table, index},
      {"objects", forget_entries, Parameters().add(none), false, table,
       nullptr},
      {"objects", release_entries, Parameters().add(none), false, table,
       nullptr},
  };
}

}  // namespace db
