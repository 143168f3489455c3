#include "jobs/recompute.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <vector>

using db::LatestJob;
using db::PipelineState;
using jobs::changes_for;
using jobs::duration_of;
using telemetry::Timestamp;
using enum db::JobStatus;
using namespace std::chrono_literals;

namespace {

constexpr Timestamp noon{1'700'000'000s};

/// A Ci::Build that ran from so many seconds after noon to so many.
LatestJob ran(std::chrono::microseconds from, std::chrono::microseconds to,
              db::JobStatus status = success) {
  return {.status = status,
          .is_build = true,
          .is_processed = true,
          .started_at = noon + from,
          .finished_at = noon + to};
}

LatestJob running_since(std::chrono::microseconds from) {
  LatestJob job = ran(from, from, running);
  job.finished_at.reset();
  return job;
}

/// A job that was dropped and waits to be counted.
LatestJob dropped(std::int64_t id, std::int64_t stage = 0) {
  return {.id = id,
          .lock_version = 1,
          .stage = stage,
          .status = failed,
          .is_build = true,
          .is_dropped = true,
          .started_at = {},
          .finished_at = noon};
}

LatestJob counted(std::int64_t id, db::JobStatus status,
                  std::int64_t stage = 0) {
  return {.id = id,
          .stage = stage,
          .status = status,
          .is_build = true,
          .is_processed = true,
          .started_at = {},
          .finished_at = {}};
}

PipelineState pipeline_of(std::vector<LatestJob> jobs) {
  return {.id = 7,
          .lock_version = 3,
          .status = running,
          .started_at = noon,
          .now = noon + 100s,
          .stages = {{11, 5, 0, running}},
          .jobs = std::move(jobs)};
}

std::int64_t seconds_of(std::vector<LatestJob> jobs) {
  return duration_of(pipeline_of(std::move(jobs)));
}

}  // namespace

TEST_CASE("a duration counts seconds in which two jobs ran once", "[unit]") {
  CHECK(seconds_of({}) == 0);
  CHECK(seconds_of({ran(0s, 10s)}) == 10);
  CHECK(seconds_of({ran(0s, 10s), ran(20s, 25s)}) == 15);
  CHECK(seconds_of({ran(0s, 10s), ran(5s, 15s)}) == 15);
  CHECK(seconds_of({ran(5s, 15s), ran(0s, 10s)}) == 15);
  CHECK(seconds_of({ran(0s, 20s), ran(5s, 10s), ran(12s, 15s)}) == 20);
  CHECK(seconds_of({ran(0s, 10s), ran(10s, 20s)}) == 20);
  CHECK(seconds_of({ran(0s, 10s), ran(0s, 30s), ran(0s, 20s)}) == 30);
}

TEST_CASE("a duration is whole seconds, rounded down after the sum", "[unit]") {
  CHECK(seconds_of({ran(0s, 1900ms)}) == 1);
  CHECK(seconds_of({ran(0s, 600ms), ran(1s, 1600ms)}) == 1);
}

TEST_CASE("a job that still runs counts up to now", "[unit]") {
  CHECK(seconds_of({running_since(40s)}) == 60);
  CHECK(seconds_of({running_since(40s), ran(0s, 50s)}) == 100);
}

TEST_CASE("a job that ends before it begins takes nothing away", "[unit]") {
  CHECK(seconds_of({ran(20s, 10s)}) == 0);
  CHECK(seconds_of({ran(0s, 10s), ran(20s, 5s)}) == 10);
}

TEST_CASE("only builds that ran count for a duration", "[unit]") {
  for (const auto status : {success, failed, running, canceled})
    CHECK(seconds_of({ran(0s, 10s, status)}) == 10);
  for (const auto status :
       {created, pending, skipped, manual, scheduled, preparing,
        waiting_for_resource, waiting_for_callback, canceling})
    CHECK(seconds_of({ran(0s, 10s, status)}) == 0);
  LatestJob bridge = ran(0s, 10s);
  bridge.is_build = false;
  CHECK(seconds_of({bridge}) == 0);
  LatestJob never_started = ran(0s, 10s, failed);
  never_started.started_at.reset();
  CHECK(seconds_of({never_started}) == 0);
}

TEST_CASE("stage, pipeline and jobs are written as they were read", "[unit]") {
  const auto changes = changes_for(pipeline_of({dropped(1)}));
  REQUIRE(changes.stages.size() == 1);
  CHECK(changes.stages[0].id == 11);
  CHECK(changes.stages[0].pipeline_id == 7);
  CHECK(changes.stages[0].lock_version == 5);
  CHECK(changes.stages[0].status == failed);
  REQUIRE(changes.pipelines.size() == 1);
  CHECK(changes.pipelines[0].id == 7);
  CHECK(changes.pipelines[0].lock_version == 3);
  CHECK(changes.pipelines[0].status == failed);
  REQUIRE(changes.jobs.size() == 1);
  CHECK(changes.jobs[0].id == 1);
  CHECK(changes.jobs[0].pipeline_id == 7);
  CHECK(changes.jobs[0].lock_version == 1);
}

TEST_CASE("a pipeline that never started has no duration", "[unit]") {
  PipelineState pipeline = pipeline_of({dropped(1)});
  CHECK(changes_for(pipeline).pipelines.at(0).duration == 0);
  pipeline.started_at.reset();
  CHECK(changes_for(pipeline).pipelines.at(0).duration == std::nullopt);
}

TEST_CASE("only a pipeline that ends or waits for a hand has a duration",
          "[unit]") {
  const auto has_duration = [](db::JobStatus other) {
    const auto changes =
        changes_for(pipeline_of({dropped(1), ran(0s, 5s), counted(2, other)}));
    return changes.pipelines.at(0).duration.has_value();
  };
  CHECK(has_duration(failed));
  CHECK(has_duration(canceled));
  CHECK(has_duration(skipped));
  CHECK(has_duration(manual));
  CHECK_FALSE(has_duration(scheduled));
  CHECK_FALSE(has_duration(canceling));
  CHECK_FALSE(has_duration(waiting_for_resource));
}

TEST_CASE("created is never written", "[unit]") {
  LatestJob warning = dropped(1);
  warning.allow_failure = true;
  const auto changes = changes_for(pipeline_of({warning, counted(2, created)}));
  CHECK(changes.stages.empty());
  CHECK(changes.pipelines.empty());
  CHECK(changes.jobs.size() == 1);
}

TEST_CASE("a status that is right already is not written again", "[unit]") {
  PipelineState pipeline = pipeline_of({dropped(1)});
  pipeline.stages[0].status = failed;
  auto changes = changes_for(pipeline);
  CHECK(changes.stages.empty());
  CHECK(changes.pipelines.size() == 1);
  pipeline.status = failed;
  changes = changes_for(pipeline);
  CHECK(changes.pipelines.empty());
  CHECK(changes.jobs.size() == 1);
}

TEST_CASE("a status that nobody knows is overwritten", "[unit]") {
  PipelineState pipeline = pipeline_of({dropped(1)});
  pipeline.stages[0].status.reset();
  pipeline.status.reset();
  const auto changes = changes_for(pipeline);
  CHECK(changes.stages.at(0).status == failed);
  CHECK(changes.pipelines.at(0).status == failed);
}

TEST_CASE("nothing is written where nothing was dropped", "[unit]") {
  LatestJob job = dropped(1);
  job.is_dropped = false;
  const auto changes = changes_for(pipeline_of({job, counted(9, success)}));
  CHECK(changes.stages.empty());
  CHECK(changes.pipelines.empty());
  CHECK(changes.jobs.empty());
  CHECK(changes_for(pipeline_of({})).pipelines.empty());
}

TEST_CASE("a status that does not follow from counted jobs is put right",
          "[unit]") {
  LatestJob job = dropped(1);
  job.is_processed = true;
  const auto changes = changes_for(pipeline_of({job, counted(9, success)}));
  CHECK(changes.pipelines.size() == 1);
  CHECK(changes.jobs.empty());
}

TEST_CASE("what GitLab has not counted yet is counted with it", "[unit]") {
  LatestJob gitlabs = counted(2, success);
  gitlabs.is_processed = false;
  const auto changes =
      changes_for(pipeline_of({dropped(1), gitlabs, counted(3, success)}));
  REQUIRE(changes.jobs.size() == 2);
  CHECK(changes.jobs[1].id == 2);
}

TEST_CASE("a stage follows its own jobs, a pipeline those of all", "[unit]") {
  PipelineState pipeline = pipeline_of(
      {counted(1, success, 0), dropped(2, 1), counted(3, skipped, 2)});
  pipeline.stages = {{11, 0, 0, running},
                     {12, 0, 1, running},
                     {13, 0, 2, created},
                     {14, 0, 3, running}};
  const auto changes = changes_for(pipeline);
  REQUIRE(changes.stages.size() == 4);
  CHECK(changes.stages[0].status == success);
  CHECK(changes.stages[1].status == failed);
  CHECK(changes.stages[2].status == skipped);
  CHECK(changes.stages[3].status == success);
  CHECK(changes.pipelines.at(0).status == failed);
}
