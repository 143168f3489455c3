#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "db/builds.hpp"
#include "db/deleted_objects.hpp"
#include "db/pipeline_artifacts.hpp"
#include "db/pool.hpp"
#include "db/traces.hpp"
#include "jobs/absence_watch.hpp"
#include "jobs/budget.hpp"
#include "jobs/governor.hpp"
#include "jobs/main_database.hpp"
#include "jobs/open_redis.hpp"
#include "jobs/options.hpp"
#include "jobs/planned_rows.hpp"
#include "jobs/settled_rows.hpp"
#include "stores/open_stores.hpp"
#include "telemetry/deadline.hpp"
#include "telemetry/progress.hpp"
#include "telemetry/report.hpp"

namespace jobs {

/// Takes what plan would have run destroy and drop, in order; called by one
/// thread at a time.
struct Listing {
  std::function<void(telemetry::Pass, const db::Artifact&)> artifact;
  std::function<void(const db::Job&)> job;
};

/// What a pass is lent.  Everything in it outlives the passes; what is not
/// const may be used from several threads at once.
struct Context {
  const Options& options;
  db::Pool& pool;
  const db::PipelineArtifacts& artifacts;
  const db::DeletedObjects& queue;
  const db::Catalog& catalog;
  MainDatabase* main = nullptr;  ///< null: it is the same database
  const db::Builds& builds;
  const db::Traces& traces;
  const stores::Stores& stores;
  const RedisServers& redis;
  const PlannedRows* named = nullptr;  ///< --plan: nothing else is touched
  db::Filter filter;
  db::ProjectFilter projects;

  telemetry::Timestamp horizon;        ///< what expired before it has expired
  telemetry::Timestamp queue_horizon;  ///< the database's now at the start
  telemetry::Deadline deadline;   ///< of the pass under way: see run_passes()
  const std::atomic<bool>& stop;  ///< SIGTERM or SIGINT came

  db::Session base_session;  ///< search_path and timeouts
  Budget destroy_budget;     ///< --max-destroy
  Budget resolve_budget;     ///< --max-resolve
  Budget drop_budget;        ///< --max-drop
  AbsenceWatch absence_watch;
  Governor& governor;
  telemetry::Report& report;
  telemetry::Progress& progress;
  Listing listing;
  /// As Installation's; called while no worker is at work, under this lock.
  std::function<bool()> read_catalog_again;
  std::mutex catalog_mutex{};
  /// Of the artifacts named as problems, how many don't know their lock state:
  /// they are no backlog.
  std::atomic<std::int64_t> unknown_problems{0};
  /// The place in the WAL up to which --wait-for-standby standbys are known to
  /// have it; see standby_wait.hpp.
  std::atomic<std::int64_t> flushed_by_standbys{0};

  /// Somebody else has taken the lease of --exclusive.
  std::atomic<bool> lease_lost{false};
  std::atomic<int> refusals_told{0};
  /// Rows of --plan that this run has destroyed, or refused already: a pass may
  /// come to them again.
  SettledRows settled{};

  /// What of the work is this run's.
  [[nodiscard]] db::Shard shard() const { return filter.shard; }

  std::mutex ineligible_mutex{};  ///< guards what follows
  /// Artifacts named as problems, by project.
  std::map<std::int64_t, telemetry::NotEligible::Rows> ineligible{};

  /// Nothing may be changed: the last line before an effect asks.
  [[nodiscard]] bool only_plans() const {
    return options.command != Command::run;
  }

  /// Whether a row is this run's to look at: those that the filter leaves out
  /// are not, nor are those whose store is down.
  [[nodiscard]] bool takes(const db::Artifact& row) const;

  /// How many batches may be in flight.  A plan is listed in the order in which
  /// a run with one worker would go.
  [[nodiscard]] std::size_t tokens() const {
    return only_plans() ? 1 : options.concurrency;
  }

  /// For statements that read, and stop at the deadline.
  [[nodiscard]] db::Session reading(telemetry::Pass pass) const;
  /// For statements that write, and stop at the deadline.
  [[nodiscard]] db::Session writing(telemetry::Pass pass) const;

  /// For counts that nobody is to wait for longer than a second.
  /// \param what they are for, to tell the session by: "backlog"
  [[nodiscard]] db::Session counting(std::string_view what) const;
  /// Where users are, with a session for it.
  [[nodiscard]] db::Pool& main_pool() const { return main ? main->pool : pool; }
  [[nodiscard]] db::Session in_main(const db::Session& session) const {
    return main ? main->session(session) : session;
  }

  /// Work in hand should come to its end.  Unlike may_go_on(), from any thread.
  [[nodiscard]] bool must_stop() const;

  /// Whether a pass may take more work; if not, \a report says why not.  From
  /// one thread at a time.
  [[nodiscard]] bool may_go_on(telemetry::Pass pass) const;

  /// A batch of \a rows came to its end: tell timeline and log.  From any
  /// thread.
  void batch_done(telemetry::Pass pass, std::int64_t rows, std::int64_t bytes,
                  std::chrono::steady_clock::time_point began);

  /// Name an artifact that can't be dealt with.
  void problem(telemetry::Pass pass, const db::Artifact& artifact,
               const std::string& reason);

  /// Count a row that --plan names and that is not dealt with, and log the
  /// first hundred.
  void refuse(telemetry::Pass pass, std::int64_t id, std::string_view reason);

  /// Refuse those of \a ids that are not among \a rows, and take out of these
  /// what is not as --plan has it.
  /// \param rows by id
  void refuse_missing(telemetry::Pass pass, std::span<const std::int64_t> ids,
                      std::vector<db::Artifact>& rows);
};

}  // namespace jobs
