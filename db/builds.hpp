#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "db/catalog.hpp"
#include "db/pipeline_status.hpp"
#include "db/pool.hpp"
#include "db/shard.hpp"
#include "db/statement.hpp"

namespace db {

/// A pipeline by who started it: the order in which the builds pass goes.
struct UserPipeline {
  std::int64_t user_id = 0;
  std::int64_t id = 0;
  std::int64_t partition_id = 0;  ///< its jobs' and stages' too
  bool operator==(const UserPipeline&) const = default;
};

/// Which half of the pipelines that are not completed: GitLab's index on
/// (user_id, id) knows only the live ones (running, waiting_for_resource,
/// preparing, pending, created, scheduled); the others are manual,
/// waiting_for_callback and canceling, and are found through the user alone.
enum class PipelineKind { live, waiting };

/// A job of any type (Ci::Build, Ci::Bridge, GenericCommitStatus): a row of
/// ci_builds, as it was read.
struct Job {
  std::int64_t id = 0;
  std::int64_t pipeline_id = 0;
  std::int64_t project_id = 0;
  std::int64_t user_id = 0;       ///< the pipeline's
  std::int64_t lock_version = 0;  ///< no_lock_version: NULL
  std::string status;
};

/// The place of a job in the order in which they are dropped.
struct JobPlace {
  std::int64_t pipeline_id = 0;
  std::int64_t id = 0;
};

/// A job that was dropped, and the resource group whose resource it gave back.
struct DroppedJob {
  std::int64_t id = 0;
  std::int64_t pipeline_id = 0;
  std::int64_t resource_group_id = 0;  ///< 0: none
};

/// Jobs to drop, and the statuses that their stages and pipelines have then.
struct DropOrder {
  std::vector<Job> jobs;
  StatusChanges changes;
  /// The pipelines that `changes` is about, also where nothing changes.
  std::vector<std::int64_t> told;
  std::vector<std::int64_t> partitions;  ///< of all these pipelines
};

struct DropAnswer {
  std::vector<DroppedJob> dropped;
  /// Pipelines of which something was not as it was read: what could be
  /// dropped was, and their status has to be told later.
  std::vector<std::int64_t> moved;
};

/// A row that points at a dropped job, and should not.
struct Leftover {
  std::string table;
  std::int64_t id = 0;
  std::int64_t job_id = 0;
};

/// What a look behind the drops of a group has found.
struct LeftBehind {
  std::vector<Leftover> rows;
  bool has_jobs = false;  ///< one may be cancelable still
};

/// A resource group in which jobs wait for what was given back.
struct WaitingGroup {
  std::int64_t id = 0;
  std::int64_t project_id = 0;
  std::string key;
};

/// The jobs that this GitLab lets a user cancel, and so those that it drops
/// when it blocks one (CANCELABLE_STATUSES, E21 to E26): `manual` ones came
/// with 19, and `canceling` never did.
std::vector<std::string> cancelable_statuses(const Catalog& catalog);

/// The projects that the user left in.
struct ProjectFilter {
  std::vector<std::int64_t> projects;  ///< empty: all
  std::vector<std::int64_t> except_projects;
  /// Not of the projects: of pipelines in the builds pass, of builds in the
  /// traces pass.
  Shard shard{};
};

/// The statements on ci_builds that the builds pass issues.  Every method is
/// one transaction and one round trip, and may be called from several threads
/// at once.  All throw Error, Unreachable.
class Builds {
 public:
  /// \param cancelable the statuses of jobs to be dropped.
  Builds(Pool& pool, std::vector<std::string> cancelable)
      : pool_(pool), cancelable_statuses_(std::move(cancelable)) {}

  /// Up to \a limit pipelines of \a users after \a after, in (user_id, id)
  /// order, that are not completed and have a cancelable job, or one that was
  /// dropped: a crash may have come before the pipeline was told, or a live
  /// GitLab, which had read the jobs before, may have written over it.
  [[nodiscard]] std::vector<UserPipeline> pipelines(
      const Session& session, PipelineKind kind,
      const std::vector<std::int64_t>& users, UserPipeline after,
      const ProjectFilter& filter, std::int64_t limit) const;

  /// Up to \a limit cancelable jobs of \a pipelines after \a after, pipeline
  /// by pipeline, in (pipeline_id, id) order, while the user who started the
  /// pipeline is blocked.  Where users are in another database, somebody else
  /// has to see to that.
  [[nodiscard]] std::vector<Job> cancelable(const Session& session,
                                            const Located& pipelines,
                                            const JobPlace& after,
                                            std::int64_t limit) const;

  /// Drop those of the jobs that are still as they were read (lock_version),
  /// are still cancelable, and that nobody else holds: failed with reason 14,
  /// off the queues, their runner session ended, their resource given back,
  /// their deployment failed, their token gone.
  ///
  /// In the same statement stages and pipelines get their status, by the
  /// columns of gitlab-rails' state machines (E21 to E26): updated_at,
  /// lock_version, finished_at, duration, started_at, and the ref's status; and
  /// the jobs counted are marked processed.  Not so a pipeline of which a job,
  /// a stage or itself has changed since it was read, or is held.
  [[nodiscard]] DropAnswer drop(const Session& session,
                                const DropOrder& order) const;

  /// Rows of queues, runner sessions and resources that point at \a jobs, which
  /// were dropped; and whether \a pipelines have a job in a cancelable status,
  /// be it one whose user is not blocked any more.
  [[nodiscard]] LeftBehind leftovers(
      const Session& session, const Located& pipelines,
      const std::vector<std::int64_t>& jobs) const;

  /// Those of \a groups in which a job waits for a resource.
  [[nodiscard]] std::vector<WaitingGroup> waiting(
      const Session& session, const std::vector<std::int64_t>& groups) const;

  /// Cancelable jobs of these users, counted up to \a limit.
  [[nodiscard]] std::int64_t count(const Session& session,
                                   const std::vector<std::int64_t>& users,
                                   const ProjectFilter& filter,
                                   std::int64_t limit) const;

  /// The statements above, with values to try them with.
  [[nodiscard]] std::vector<Statement> statements(Shard shard = {}) const;

 private:
  [[nodiscard]] Parameters drop_parameters(const DropOrder& order) const;
  [[nodiscard]] Parameters leftovers_parameters(
      const Located& pipelines, const std::vector<std::int64_t>& jobs) const;

  Pool& pool_;
  std::vector<std::string> cancelable_statuses_;
};

}  // namespace db
