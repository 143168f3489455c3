#include "db/pipeline_status.hpp"

#include "db/status_queries.hpp"

#include <unordered_map>

namespace db {
namespace {

std::optional<Timestamp> maybe_moment(const Row& row, int column) {
  if (row.is_null(column))
    return std::nullopt;
  return row.moment(column);
}

Stage read_stage(const Row& row) {
  Stage stage{.id = row.integer(2),
              .lock_version = row.integer(3),
              .position = row.integer(4),
              .status = {}};
  const std::string number(row.text(5));
  if (!number.empty())
    stage.status = job_status(std::int64_t{std::stol(number)});
  return stage;
}

LatestJob read_job(const Row& row) {
  return {.id = row.integer(2),
          .lock_version = row.integer(3),
          .stage = row.integer(4),
          .status = job_status(row.text(5)),
          .allow_failure = row.boolean(6),
          .is_build = row.boolean(7),
          .is_processed = row.boolean(8),
          .is_dropped = row.boolean(9),
          .started_at = maybe_moment(row, 10),
          .finished_at = maybe_moment(row, 11)};
}

}  // namespace

PipelineStatuses::PipelineStatuses(Pool& pool, const Catalog& catalog)
    : pool_(pool), write_(write_status_query(catalog)) {}

std::vector<PipelineState> PipelineStatuses::read(
    const Session& session, const std::vector<std::int64_t>& pipelines) const {
  std::vector<PipelineState> states;
  std::unordered_map<std::int64_t, std::size_t> places;
  const auto take = [&](const Row& row) {
    const std::int64_t id = row.integer(1);
    if (row.integer(0) == 0) {
      places.emplace(id, states.size());
      states.push_back({.id = id,
                        .lock_version = row.integer(3),
                        .status = job_status(row.text(5)),
                        .started_at = maybe_moment(row, 10),
                        .now = row.moment(12),
                        .stages = {},
                        .jobs = {}});
    } else if (const auto place = places.find(id); place != places.end()) {
      if (row.integer(0) == 1)
        states[place->second].stages.push_back(read_stage(row));
      else
        states[place->second].jobs.push_back(read_job(row));
    }
  };
  execute(pool_, session, read_status_query(), Parameters().add(pipelines),
          take);
  return states;
}

std::vector<std::int64_t> PipelineStatuses::write(
    const Session& session, const StatusChanges& changes) const {
  using Numbers = std::vector<std::int64_t>;
  Numbers stages, stage_pipelines, stage_versions, stage_statuses;
  for (const StageChange& change : changes.stages) {
    stages.push_back(change.id);
    stage_pipelines.push_back(change.pipeline_id);
    stage_versions.push_back(change.lock_version);
    stage_statuses.push_back(static_cast<std::int64_t>(change.status));
  }
  Numbers pipelines, pipeline_versions, durations;
  std::vector<std::string> statuses;
  for (const PipelineChange& change : changes.pipelines) {
    pipelines.push_back(change.id);
    pipeline_versions.push_back(change.lock_version);
    statuses.emplace_back(name_of(change.status));
    durations.push_back(change.duration.value_or(-1));
  }
  Numbers jobs, job_pipelines, job_versions;
  for (const CountedJob& job : changes.jobs) {
    jobs.push_back(job.id);
    job_pipelines.push_back(job.pipeline_id);
    job_versions.push_back(job.lock_version);
  }
  Numbers moved;
  // To say it again does no harm: every write asks for the lock_version.
  execute_repeatable(pool_, session, write_,
                     Parameters()
                         .add(stages)
                         .add(stage_pipelines)
                         .add(stage_versions)
                         .add(stage_statuses)
                         .add(pipelines)
                         .add(pipeline_versions)
                         .add(statuses)
                         .add(durations)
                         .add(jobs)
                         .add(job_pipelines)
                         .add(job_versions),
                     [&](const Row& row) { moved.push_back(row.integer(0)); });
  return moved;
}

std::vector<Statement> PipelineStatuses::statements() const {
  const std::vector<std::int64_t> ids{0};
  const std::vector<std::string> statuses{"failed"};
  const auto changes = Parameters()
                           .add(ids)
                           .add(ids)
                           .add(ids)
                           .add(ids)
                           .add(ids)
                           .add(ids)
                           .add(statuses)
                           .add(ids)
                           .add(ids)
                           .add(ids)
                           .add(ids);
  return {{"builds", read_status_query(), Parameters().add(ids), true,
           "ci_builds", "ci_builds (commit_id, status, type)"},
          {"builds", write_, changes, false, "ci_stages", nullptr}};
}

}  // namespace db
