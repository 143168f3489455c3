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

std::vector<PipelineState> read_pipelines(Pool& pool, const Session& session,
                                          const Located& pipelines) {
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
  execute(pool, session, read_status_query(),
          Parameters().add(pipelines.ids).add(pipelines.partitions), take);
  return states;
}

std::vector<Statement> status_statements() {
  const std::vector<std::int64_t> none{0};
  return {{"builds", read_status_query(), Parameters().add(none).add(none),
           true, "ci_builds", "ci_builds (commit_id, status, type)"}};
}

}  // namespace db
