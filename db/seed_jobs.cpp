#include "db/seed_jobs.hpp"

#include "db/seed_jobs_queries.hpp"

#include <nlohmann/json.hpp>

namespace db {
namespace {

namespace queries = seed_queries;
using nlohmann::json;

json jobs_of(const SeedShape& shape, std::size_t number) {
  json jobs = json::array();
  for (const SeedJob& job : shape.jobs)
    jobs.push_back({{"shape", number},
                    {"number", jobs.size()},
                    {"status", name_of(job.status)},
                    {"type", job.type},
                    {"position", job.stage},
                    {"allow_failure", job.allow_failure},
                    {"retried", job.retried},
                    {"dropped_before", job.dropped_before},
                    {"uses_resource", job.uses_resource}});
  return jobs;
}

json stages_of(const SeedShape& shape, std::size_t number) {
  json stages = json::array();
  for (const SeedStage& stage : shape.stages)
    stages.push_back({{"shape", number},
                      {"position", stage.position},
                      {"status", static_cast<int>(stage.status)}});
  return stages;
}

json chunks_of(const SeedTrace& trace, std::size_t number) {
  json chunks = json::array();
  for (std::size_t index = 0; index < trace.size(); ++index)
    if (trace[index])
      chunks.push_back({{"trace", number},
                        {"chunk_index", index},
                        {"length", *trace[index]}});
  return chunks;
}

/// All that \a describe makes of each of \a items, in one array.
template <typename Items, typename Describe>
std::string described(const Items& items, const Describe& describe) {
  json all = json::array();
  for (std::size_t i = 0; i < items.size(); ++i)
    for (json& one : describe(items[i], i))
      all.push_back(std::move(one));
  return all.dump();
}

json status_of(const SeedShape& shape, std::size_t number) {
  return json::array({{{"shape", number}, {"status", name_of(shape.status)}}});
}

std::vector<std::int64_t> numbers_of(const std::vector<ChunkStore>& stores) {
  std::vector<std::int64_t> numbers;
  for (const ChunkStore store : stores)
    numbers.push_back(static_cast<std::int64_t>(store));
  return numbers;
}

/// Chance has ten streams for each seed; the last is for jobs.
std::int64_t stream_of(const SeedJobsPlan& plan) {
  return plan.random_seed * 10 + 9;
}

}  // namespace

void SeedJobs::fill(const SeedJobsPlan& plan) {
  session_.run_script(queries::prepare_jobs);
  describe(plan);
  insert_people(plan);
  insert_pipelines(plan);
  insert_jobs(plan);
  insert_chunks(plan);
  session_.run(queries::advance_job_sequences);
}

void SeedJobs::describe(const SeedJobsPlan& plan) {
  session_.run(queries::insert_shapes,
               Parameters().add(described(plan.shapes, status_of)));
  session_.run(queries::insert_shape_stages,
               Parameters().add(described(plan.shapes, stages_of)));
  session_.run(queries::insert_shape_jobs,
               Parameters().add(described(plan.shapes, jobs_of)));
  session_.run(queries::insert_traces,
               Parameters().add(described(plan.traces, chunks_of)));
}

void SeedJobs::insert_people(const SeedJobsPlan& plan) {
  session_.run(queries::insert_users,
               Parameters().add(plan.blocked_users).add(plan.other_users));
  session_.run(queries::insert_schedules, Parameters().add(base_));
}

void SeedJobs::insert_pipelines(const SeedJobsPlan& plan) {
  session_.run(queries::place_pipelines, Parameters()
                                             .add(plan.pipelines())
                                             .add(plan.pipelines_per_user)
                                             .add(std::ssize(plan.shapes))
                                             .add(plan.projects));
  session_.run(queries::insert_refs);
  session_.run(queries::insert_user_pipelines,
               Parameters().add(base_).add(stream_of(plan)));
  session_.run(queries::insert_stages);
}

void SeedJobs::insert_jobs(const SeedJobsPlan& plan) {
  const Parameters at_base = Parameters().add(base_);
  session_.run(queries::insert_resource_groups, at_base);
  session_.run(queries::insert_jobs,
               Parameters().add(base_).add(stream_of(plan)));
  session_.run(queries::insert_pending, at_base);
  session_.run(queries::insert_running, at_base);
  session_.run(queries::insert_sessions);
  session_.run(queries::insert_resources, at_base);
  session_.run(queries::insert_deployments);
}

void SeedJobs::insert_chunks(const SeedJobsPlan& plan) {
  session_.run(queries::insert_text,
               Parameters().add(std::to_string(plan.random_seed)));
  session_.run(queries::place_chunks, Parameters()
                                          .add(plan.trace_every)
                                          .add(std::ssize(plan.traces))
                                          .add(numbers_of(plan.chunk_stores)));
  session_.run(queries::insert_chunks);
}

void SeedJobs::open_chunks() {
  session_.run(queries::open_chunks);
}

std::vector<SeedChunk> SeedJobs::next_chunks() {
  std::vector<SeedChunk> chunks;
  session_.run(queries::next_chunks, {}, [&](const Row& row) {
    chunks.push_back({static_cast<ChunkStore>(row.integer(0)), row.integer(1),
                      row.integer(2), std::string(row.text(3))});
  });
  return chunks;
}

}  // namespace db
