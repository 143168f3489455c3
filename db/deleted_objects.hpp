#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "db/pool.hpp"
#include "db/shard.hpp"
#include "db/statement.hpp"

namespace db {

/// For so long an entry is its taker's, by GitLab's own protocol.
inline constexpr std::chrono::seconds queue_lease{600};

/// An entry of ci_deleted_objects: an object whose row is gone.
struct QueuedObject {
  std::int64_t id = 0;
  std::int64_t file_store = 1;
  std::string store_dir;  ///< not to be trusted
  std::string file;       ///< not to be trusted
  telemetry::Timestamp pick_up_at{};
};

/// The statements on ci_deleted_objects, by GitLab's own protocol (E21 to E26):
/// an entry is due once pick_up_at has passed, and whoever takes it moves
/// pick_up_at ten minutes ahead, which is a lease.
///
/// Entries are divided into shares by their ids.  Every method is one
/// transaction and one round trip, and may be called from several threads at
/// once.  All throw Error, CommitUnknown (the writing
/// ones), Unreachable.
class DeletedObjects {
 public:
  explicit DeletedObjects(Pool& pool) : pool_(pool) {}

  /// Lease up to \a limit entries of \a stores with \a from <= pick_up_at <
  /// \a before, oldest first, skipping what others hold.  pick_up_at in the
  /// answer is the time before the lease: begin the next call there, not at the
  /// left edge of the index, where the dead entries are.
  std::vector<QueuedObject> lease(const Session& session,
                                  const std::vector<std::int64_t>& stores,
                                  telemetry::Timestamp from,
                                  telemetry::Timestamp before,
                                  std::int64_t limit, Shard shard = {}) const;

  /// As lease(), taking nothing: entries after (\a from, \a after_id) in
  /// (pick_up_at, id) order.
  std::vector<QueuedObject> due(const Session& session,
                                const std::vector<std::int64_t>& stores,
                                telemetry::Timestamp from,
                                std::int64_t after_id,
                                telemetry::Timestamp before, std::int64_t limit,
                                Shard shard = {}) const;

  /// The objects are gone: drop their entries.
  void forget(const Session& session,
              const std::vector<std::int64_t>& ids) const;

  /// The objects could not be removed: make the entries due at once.
  void release(const Session& session,
               const std::vector<std::int64_t>& ids) const;

  /// How many entries of \a stores are due now, counted up to \a limit.
  std::int64_t count_due(const Session& session,
                         const std::vector<std::int64_t>& stores,
                         std::int64_t limit, Shard shard = {}) const;

  [[nodiscard]] static std::vector<Statement> statements(
      telemetry::Timestamp horizon, Shard shard = {});

 private:
  Pool& pool_;
};

}  // namespace db
