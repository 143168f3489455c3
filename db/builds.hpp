#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "db/catalog.hpp"
#include "db/pool.hpp"
#include "db/statement.hpp"

namespace db {

/// A pipeline by who started it: the order in which the builds pass goes.
struct UserPipeline {
  std::int64_t user_id = 0;
  std::int64_t id = 0;
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

/// What lock_version is called where the row has none; GitLab's start at 0.
inline constexpr std::int64_t no_lock_version = -1;

/// A job that was dropped, and the resource group whose resource it gave back.
struct DroppedJob {
  std::int64_t id = 0;
  std::int64_t pipeline_id = 0;
  std::int64_t resource_group_id = 0;  ///< 0: none
};

/// A row that points at a dropped job, and should not.
struct Leftover {
  std::string table;
  std::int64_t id = 0;
  std::int64_t job_id = 0;
};

/// A resource group in which jobs wait for what was given back.
struct WaitingGroup {
  std::int64_t id = 0;
  std::int64_t project_id = 0;
  std::string key;
};

/// The projects that the user left in.
struct ProjectFilter {
  std::vector<std::int64_t> projects;  ///< empty: all
  std::vector<std::int64_t> except_projects;
};

/// The statements on ci_builds that the builds pass issues.  Every method is
/// one transaction and one round trip, and may be called from several threads
/// at once.  All throw Error, Unreachable.
class Builds {
 public:
  Builds(Pool& pool, const Catalog& catalog);

  /// Up to \a limit pipelines of \a users after \a after, in (user_id, id)
  /// order, that are not completed and have a cancelable job, or one that was
  /// dropped and whose stages and pipeline were never told (a crash between
  /// the two).
  [[nodiscard]] std::vector<UserPipeline> pipelines(
      const Session& session, PipelineKind kind,
      const std::vector<std::int64_t>& users, UserPipeline after,
      const ProjectFilter& filter, std::int64_t limit) const;

  /// Up to \a limit cancelable jobs of \a pipelines with ids above \a after, by
  /// id, while the user who started the pipeline is blocked.
  [[nodiscard]] std::vector<Job> cancelable(
      const Session& session, const std::vector<std::int64_t>& pipelines,
      std::int64_t after, std::int64_t limit) const;

  /// Drop those of \a jobs that are still as they were read (lock_version), are
  /// still cancelable, and that nobody else holds: failed with reason 14, off
  /// the queues, their runner session ended, their resource given back, their
  /// deployment failed, their token gone; all in one statement.
  [[nodiscard]] std::vector<DroppedJob> drop(
      const Session& session, const std::vector<Job>& jobs) const;

  /// Rows of queues, runner sessions and resources that point at \a jobs.
  [[nodiscard]] std::vector<Leftover> leftovers(
      const Session& session, const std::vector<std::int64_t>& jobs) const;

  /// Those of \a groups in which a job waits for a resource.
  [[nodiscard]] std::vector<WaitingGroup> waiting(
      const Session& session, const std::vector<std::int64_t>& groups) const;

  /// Cancelable jobs of these users, counted up to \a limit.
  [[nodiscard]] std::int64_t count(const Session& session,
                                   const std::vector<std::int64_t>& users,
                                   const ProjectFilter& filter,
                                   std::int64_t limit) const;

  /// The statements above, with values to try them with.
  [[nodiscard]] std::vector<Statement> statements() const;

 private:
  Pool& pool_;
  Query drop_;
  Query leftovers_;
};

}  // namespace db
