#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "db/catalog.hpp"
#include "db/deleted_objects.hpp"
#include "db/file_name.hpp"
#include "db/pool.hpp"
#include "db/project_statistics.hpp"
#include "db/shard.hpp"
#include "db/statement.hpp"

namespace db {

using telemetry::Timestamp;

/// The lock state as the row itself says it: smallint, nullable, default 2.
enum class LockState { unlocked, locked, unknown };

/// A row of ci_pipeline_artifacts.
struct Artifact {
  std::int64_t id = 0;
  std::int64_t project_id = 0;
  std::int64_t pipeline_id = 0;
  std::int64_t size = 0;        ///< bytes
  std::int64_t file_store = 1;  ///< 1: local, 2: object storage; NULL is 1
  LockState locked = LockState::unknown;
  Timestamp expire_at{};  ///< of a live row without one: Timestamp::max()
  FileName file;          ///< not to be trusted
  std::int64_t partition_id = 0;  ///< its pipeline's too; 0 before 17.x
};

/// Which expired rows: `unlocked` are those with locked = 0; `legacy` are all,
/// of which the pipeline decides.
enum class Selection { unlocked, legacy };

/// What becomes of rows that somebody else holds: left, for which each row is
/// locked before anything is done; or waited for, up to the lock timeout, which
/// takes the server 0.7 of the time where nobody holds any.
enum class Held { skipped, awaited };

/// Ids from one to another, both of them included.
struct IdRange {
  std::int64_t first = 0;
  std::int64_t last = 0;
};

/// What the user left out: rows of other projects and other stores.
struct Filter {
  std::vector<std::int64_t> projects;  ///< empty: all
  std::vector<std::int64_t> except_projects;
  std::vector<std::int64_t> stores;  ///< file_store values
  Shard shard{};                     ///< of the projects

  /// Whichever shard a row belongs to.
  [[nodiscard]] bool leaves_in(std::int64_t project_id,
                               std::int64_t file_store) const;
  /// The same, and the row is of this shard.
  [[nodiscard]] bool takes(const Artifact& artifact) const;
};

/// What one transaction destroyed.
struct Destroyed {
  std::vector<std::int64_t> ids;
  std::int64_t bytes = 0;
  std::vector<QueuedObject> objects;  ///< as queued, leased to us
  /// What the statistics of each project still count; empty where they fell in
  /// the same transaction.
  std::vector<FreedBytes> freed;
};

struct Count {
  std::int64_t rows = 0;
  std::optional<Timestamp> oldest;  ///< smallest expire_at among them
};

/// What a run would destroy of all there is, by a sample.
struct ShareSample {
  std::int64_t rows = 0;  ///< of the table, as the sample tells
  double share = 0;       ///< of them, those that would go
};

/// Which rows share() counts.
struct ShareQuestion {
  Timestamp horizon{};
  Filter filter;
  bool unlocked = true;       ///< the unlocked pass runs
  bool legacy = true;         ///< the legacy pass runs
  bool only_unknown = false;  ///< --trust-lock-state
};

/// The statements on ci_pipeline_artifacts.  Every method is one transaction
/// and one round trip, and may be called from several threads at once.
/// All throw Error, CommitUnknown (the writing ones), Unreachable.
class PipelineArtifacts {
 public:
  explicit PipelineArtifacts(Pool& pool) : pool_(pool) {}

  /// Up to \a limit rows of \a selection that expired at \a from or later, but
  /// before \a before, in the order of expire_at; of which rows of one moment
  /// come first, nothing is said.  Walks the index from \a from on, so that
  /// dead entries left behind by earlier pages cost nothing.
  std::vector<Artifact> page(const Session& session, Selection selection,
                             Timestamp from, Timestamp before,
                             std::int64_t limit) const;

  /// The first \a limit rows of \a selection, by id, with an id in \a ids that
  /// expired at \a moment.  Reads every row with such an id, by the primary
  /// key.
  std::vector<Artifact> walk(const Session& session, Selection selection,
                             Timestamp moment, IdRange ids,
                             std::int64_t limit) const;

  /// The least id and the greatest one; nothing of an empty table.
  [[nodiscard]] std::optional<IdRange> id_range(const Session& session) const;
  /// Those of the rows of \a selection that expired at \a moment; looks at all
  /// of them, a million in 0.3 s.
  [[nodiscard]] std::optional<IdRange> id_range(const Session& session,
                                                Selection selection,
                                                Timestamp moment) const;

  /// Those of \a ids that expired before \a horizon and, for
  /// Selection::unlocked, say that they are unlocked.
  std::vector<Artifact> rows(const Session& session, Selection selection,
                             Timestamp horizon,
                             const std::vector<std::int64_t>& ids) const;

  /// Destroy those of \a ids that are *still* expired and unlocked (legacy:
  /// whose pipeline is unlocked, its row held FOR SHARE), whose file is still
  /// among \a files and whose store among \a stores, and that nobody else
  /// holds; see Held, of which legacy rows know only `skipped`.  Their objects
  /// are queued with pick_up_at as far ahead as \a hold, and their bytes leave
  /// project_statistics last (in project order, where rows are skipped): all in
  /// one statement.
  Destroyed destroy(const Session& session, Selection selection, Held held,
                    Timestamp horizon, const std::vector<std::int64_t>& ids,
                    const std::vector<std::string>& files,
                    const std::vector<std::int64_t>& stores,
                    std::chrono::seconds hold) const;

  /// Write down "locked" for those of \a ids whose state is still unknown and
  /// whose pipeline is still locked; rows that others hold are left.
  ///
  /// \return how many were written.
  std::int64_t resolve(const Session& session,
                       const std::vector<std::int64_t>& ids) const;

  /// Rows expired before \a horizon that say they are unlocked, counted up to
  /// \a limit; where rows don't say it, those whose pipeline does.
  ///
  /// \param skip so many of the oldest are left out.
  Count count_unlocked(const Session& session, Timestamp horizon,
                       const Filter& filter, std::int64_t limit,
                       std::int64_t skip = 0) const;
  /// The same for rows of unknown state.
  Count count_unknown(const Session& session, Timestamp horizon,
                      const Filter& filter, std::int64_t limit) const;
  /// How many rows page() would give in all, as the planner expects it: for a
  /// progress bar.
  std::int64_t expected(const Session& session, Selection selection,
                        Timestamp horizon) const;

  /// How large a share of all rows a run would destroy, whatever its own share
  /// of the work: off some \a pages pages \a of all, taken at random but the
  /// same each time, with the pipelines of what has expired there.  Exact where
  /// these are all.
  [[nodiscard]] ShareSample share(const Session& session,
                                  const ShareQuestion& question,
                                  std::int64_t pages, std::int64_t of) const;

  /// Pages of the table, from its size alone.
  [[nodiscard]] std::int64_t pages(const Session& session) const;

  /// Up to 100 rows that are not expired: 50 that expire next, 50 among the
  /// newest 2,000, all older than an hour (GitLab writes the object after the
  /// row).
  std::vector<Artifact> live_sample(const Session& session) const;

  /// How many of \a ids are there, expired or not.
  [[nodiscard]] std::int64_t count_rows(
      const Session& session, const std::vector<std::int64_t>& ids) const;

  /// The statements above, with values to try them with.
  [[nodiscard]] static std::vector<Statement> statements(const Catalog& catalog,
                                                         Timestamp horizon);

 private:
  Pool& pool_;
};

}  // namespace db
