#include "jobs/seed_shapes.hpp"

#include "jobs/composite_status.hpp"
#include "jobs/trace_text.hpp"

#include <map>

namespace jobs {
namespace {

using db::SeedJob;
using db::SeedShape;
using db::SeedStage;
using Status = db::JobStatus;

constexpr const char* build = "Ci::Build";
constexpr const char* bridge = "Ci::Bridge";
constexpr const char* external = "GenericCommitStatus";

std::vector<SeedStage> stages_of(const std::vector<SeedJob>& jobs) {
  std::map<int, std::vector<CountedStatus>> stages;
  for (const SeedJob& job : jobs)
    if (!job.retried)
      stages[job.stage].push_back({job.status, job.allow_failure});
  std::vector<SeedStage> with_status;
  for (const auto& [position, statuses] : stages)
    with_status.push_back({position, composite_status(statuses)});
  return with_status;
}

/// What the jobs make of it is a test's matter.
SeedShape shape(Status status, std::vector<SeedJob> jobs) {
  return {status, stages_of(jobs), std::move(jobs)};
}

SeedShape running_pipeline() {
  return shape(Status::running,
               {{Status::success, build, 0},
                {.status = Status::failed, .stage = 0, .retried = true},
                {Status::running, build, 1},
                {.status = Status::running, .stage = 1, .allow_failure = true},
                {Status::running, bridge, 1},
                {Status::pending, build, 1},
                {Status::running, external, 1},
                {.status = Status::running, .stage = 2, .uses_resource = true},
                {Status::created, bridge, 2}});
}

std::vector<SeedShape> waiting() {
  return {shape(Status::created, {{Status::created, build, 0},
                                  {Status::created, external, 1},
                                  {Status::created, bridge, 2}}),
          shape(Status::waiting_for_resource,
                {{Status::success, build, 0},
                 {Status::success, external, 1},
                 {.status = Status::waiting_for_resource,
                  .stage = 2,
                  .uses_resource = true},
                 {Status::created, bridge, 2}}),
          shape(Status::preparing, {{Status::preparing, build, 0},
                                    {Status::created, build, 1},
                                    {Status::created, external, 2}}),
          shape(Status::pending, {{Status::pending, build, 0},
                                  {Status::pending, external, 0},
                                  {Status::created, build, 1},
                                  {Status::created, bridge, 2}}),
          shape(Status::scheduled, {{Status::success, build, 0},
                                    {Status::scheduled, build, 1},
                                    {Status::scheduled, bridge, 1},
                                    {Status::created, build, 2}}),
          shape(Status::manual,
                {{Status::success, build, 0},
                 {Status::manual, build, 1},
                 {.status = Status::manual, .stage = 1, .allow_failure = true},
                 {Status::created, build, 2}})};
}

std::vector<SeedShape> completed() {
  return {
      shape(Status::success,
            {{Status::success, build, 0},
             {.status = Status::failed, .stage = 1, .allow_failure = true},
             {.status = Status::failed, .stage = 1, .retried = true},
             {Status::success, build, 1},
             {Status::success, bridge, 1},
             {Status::success, build, 2}}),
      shape(Status::failed,
            {{Status::success, build, 0},
             {.status = Status::failed, .stage = 1, .dropped_before = true},
             {Status::failed, external, 1},
             {Status::canceled, build, 1},
             {Status::skipped, build, 2}}),
      shape(Status::canceled, {{Status::success, build, 0},
                               {Status::canceled, build, 1},
                               {Status::canceled, external, 1},
                               {Status::skipped, build, 2}}),
      shape(Status::skipped,
            {{Status::skipped, build, 0},
             {Status::skipped, bridge, 1},
             {.status = Status::manual, .stage = 2, .allow_failure = true}})};
}

}  // namespace

std::vector<SeedShape> every_shape() {
  std::vector<SeedShape> shapes{running_pipeline()};
  for (const auto& more : {waiting(), completed()})
    shapes.insert(shapes.end(), more.begin(), more.end());
  return shapes;
}

std::vector<SeedShape> running_shape() {
  return {shape(Status::running,
                std::vector<SeedJob>(5, {Status::running, build, 0}))};
}

std::vector<db::SeedTrace> every_trace() {
  return {{1},
          {chunk_size},
          {chunk_size, chunk_size, 1000},
          {chunk_size, {}, 500},
          {0}};
}

}  // namespace jobs
