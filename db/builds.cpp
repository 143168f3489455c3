#include "db/builds.hpp"

#include "db/build_queries.hpp"

namespace db {
namespace {

using Numbers = std::vector<std::int64_t>;

/// One member of each of \a rows.
template <typename T, typename Member>
Numbers column(const std::vector<T>& rows, Member T::*member) {
  Numbers values;
  for (const T& row : rows)
    values.push_back(static_cast<std::int64_t>(row.*member));
  return values;
}

std::vector<std::string> statuses_of(const std::vector<PipelineChange>& rows) {
  std::vector<std::string> names;
  for (const PipelineChange& row : rows)
    names.emplace_back(name_of(row.status));
  return names;
}

Numbers durations_of(const std::vector<PipelineChange>& rows) {
  Numbers seconds;
  for (const PipelineChange& row : rows)
    seconds.push_back(row.duration.value_or(-1));
  return seconds;
}

}  // namespace

std::vector<std::string> cancelable_statuses(const Catalog& catalog) {
  std::vector<std::string> statuses{"created",   "waiting_for_resource",
                                    "preparing", "waiting_for_callback",
                                    "pending",   "running",
                                    "scheduled"};
  if (catalog.cancels_manual_jobs())
    statuses.emplace_back("manual");
  return statuses;
}

Parameters Builds::drop_parameters(const DropOrder& order) const {
  const auto& [stages, pipelines, counted] = order.changes;
  return Parameters()
      .add(column(order.jobs, &Job::id))
      .add(column(order.jobs, &Job::pipeline_id))
      .add(column(order.jobs, &Job::lock_version))
      .add(cancelable_statuses_)
      .add(column(stages, &StageChange::id))
      .add(column(stages, &StageChange::pipeline_id))
      .add(column(stages, &StageChange::lock_version))
      .add(column(stages, &StageChange::status))
      .add(column(pipelines, &PipelineChange::id))
      .add(column(pipelines, &PipelineChange::lock_version))
      .add(statuses_of(pipelines))
      .add(durations_of(pipelines))
      .add(column(counted, &CountedJob::id))
      .add(column(counted, &CountedJob::pipeline_id))
      .add(column(counted, &CountedJob::lock_version))
      .add(order.told)
      .add(order.partitions);
}

std::vector<UserPipeline> Builds::pipelines(
    const Session& session, PipelineKind kind,
    const std::vector<std::int64_t>& users, UserPipeline after,
    const ProjectFilter& filter, std::int64_t limit) const {
  std::vector<UserPipeline> pipelines;
  execute(
      pool_, session, user_pipelines_query(kind),
      Parameters()
          .add(users)
          .add(after.user_id)
          .add(after.id)
          .add(filter.projects)
          .add(filter.except_projects)
          .add(cancelable_statuses_)
          .add(limit)
          .add(filter.shard.count)
          .add(filter.shard.index),
      [&](const Row& row) {
        pipelines.push_back({row.integer(0), row.integer(1), row.integer(2)});
      });
  return pipelines;
}

std::vector<Job> Builds::cancelable(const Session& session,
                                    const Located& pipelines,
                                    const JobPlace& after,
                                    std::int64_t limit) const {
  std::vector<Job> jobs;
  execute(pool_, session, cancelable_query(),
          Parameters()
              .add(pipelines.ids)
              .add(cancelable_statuses_)
              .add(after.pipeline_id)
              .add(after.id)
              .add(limit)
              .add(pipelines.partitions),
          [&](const Row& row) {
            jobs.push_back({.id = row.integer(0),
                            .pipeline_id = row.integer(1),
                            .project_id = row.integer(2),
                            .user_id = row.integer(3),
                            .lock_version = row.integer(4),
                            .status = std::string(row.text(5))});
          });
  return jobs;
}

DropAnswer Builds::drop(const Session& session, const DropOrder& order) const {
  DropAnswer answer;
  // To say it again does no harm: every write asks for the lock_version, and
  // what was dropped is cancelable no more.
  execute_repeatable(pool_, session, drop_query(), drop_parameters(order),
                     [&](const Row& row) {
                       if (row.is_null(1))
                         answer.moved.push_back(row.integer(0));
                       else
                         answer.dropped.push_back(
                             {row.integer(0), row.integer(1), row.integer(2)});
                     });
  return answer;
}

Parameters Builds::leftovers_parameters(
    const Located& pipelines, const std::vector<std::int64_t>& jobs) const {
  return Parameters()
      .add(jobs)
      .add(pipelines.ids)
      .add(cancelable_statuses_)
      .add(pipelines.partitions);
}

LeftBehind Builds::leftovers(const Session& session, const Located& pipelines,
                             const std::vector<std::int64_t>& jobs) const {
  LeftBehind found;
  execute(pool_, session, leftovers_query(),
          leftovers_parameters(pipelines, jobs), [&](const Row& row) {
            const std::string table(row.text(0));
            if (table == "ci_builds")
              found.has_jobs = true;
            else
              found.rows.push_back({table, row.integer(1), row.integer(2)});
          });
  return found;
}

std::vector<WaitingGroup> Builds::waiting(
    const Session& session, const std::vector<std::int64_t>& groups) const {
  std::vector<WaitingGroup> rows;
  execute(pool_, session, waiting_query(), Parameters().add(groups),
          [&](const Row& row) {
            rows.push_back(
                {row.integer(0), row.integer(1), std::string(row.text(2))});
          });
  return rows;
}

std::int64_t Builds::count(const Session& session,
                           const std::vector<std::int64_t>& users,
                           const ProjectFilter& filter,
                           std::int64_t limit) const {
  std::int64_t count = 0;
  execute(pool_, session, count_cancelable_query(),
          Parameters()
              .add(users)
              .add(filter.projects)
              .add(filter.except_projects)
              .add(cancelable_statuses_)
              .add(limit)
              .add(filter.shard.count)
              .add(filter.shard.index),
          [&](const Row& row) { count = row.integer(0); });
  return count;
}

std::vector<Statement> Builds::statements(Shard shard) const {
  const std::vector<std::int64_t> ids{0};
  const std::vector<std::int64_t> none;
  const std::int64_t start = 0;
  const std::int64_t limit = 100;
  const auto page = Parameters()
                        .add(ids)
                        .add(start)
                        .add(start)
                        .add(none)
                        .add(none)
                        .add(cancelable_statuses_)
                        .add(limit)
                        .add(shard.count)
                        .add(shard.index);
  const auto jobs = Parameters()
                        .add(ids)
                        .add(cancelable_statuses_)
                        .add(start)
                        .add(start)
                        .add(limit)
                        .add(ids);
  return {
      {"builds", user_pipelines_query(PipelineKind::live), page, true,
       "ci_pipelines",
       "ci_pipelines (user_id, id) WHERE status IN ('running', "
       "'waiting_for_resource', 'preparing', 'pending', 'created', "
       "'scheduled')"},
      {"builds", user_pipelines_query(PipelineKind::waiting), page, true,
       "ci_pipelines", "ci_pipelines (user_id, id)"},
      {"builds", cancelable_query(), jobs, true, "ci_builds",
       "ci_builds (commit_id, status, type)"},
      {"builds", drop_query(),
       drop_parameters(
           {.jobs = {Job{}},
            .changes = {{StageChange{}}, {PipelineChange{}}, {CountedJob{}}},
            .told = ids,
            .partitions = ids}),
       false, "ci_builds", nullptr},
      {"builds", leftovers_query(), leftovers_parameters({ids, ids}, ids), true,
       "ci_resources", "ci_resources (build_id)"},
      {"builds", waiting_query(), Parameters().add(ids), true, "ci_builds",
       "ci_builds (resource_group_id, status, commit_id)"},
  };
}

}  // namespace db
