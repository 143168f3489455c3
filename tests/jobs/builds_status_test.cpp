#include "tests/jobs/builds_world.hpp"

#include <catch2/catch.hpp>

/// What stages, pipelines and refs are after their jobs were dropped.
namespace {

using tests::BuildsWorld;
using tests::is_now;

/// The pipeline's status after a run on these jobs.
std::string status_after(const std::vector<tests::JobSpec>& jobs) {
  BuildsWorld world;
  const auto pipeline = world.blocked_pipeline();
  for (const tests::JobSpec& job : jobs)
    world.jobs.job(pipeline, job);
  world.drop();
  CHECK(world.jobs.violations() == std::vector<std::string>{});
  return world.jobs.pipeline_status(pipeline);
}

}  // namespace

TEST_CASE("a pipeline whose jobs were dropped has failed, and says when",
          "[postgres][schemas]") {
  BuildsWorld world;
  const auto pipeline = world.blocked_pipeline();
  world.jobs.job(pipeline);
  world.set("ci_pipelines", pipeline, "lock_version = 6");
  const char* const kept =
      "row(id, ref, created_at, project_id, started_at, user_id, source, "
      "failure_reason, ci_ref_id, locked)::text";
  const std::string before = world.of_pipeline(pipeline, kept);

  world.drop();

  CHECK(world.jobs.pipeline_status(pipeline) == "failed");
  CHECK(world.of_pipeline(pipeline, "lock_version") == "7");
  CHECK(world.of_pipeline(pipeline, is_now("finished_at")) == "t");
  CHECK(world.of_pipeline(pipeline, "updated_at = finished_at") == "t");
  CHECK(world.of_pipeline(pipeline, "duration BETWEEN 299 AND 330") == "t");
  CHECK(world.of_pipeline(pipeline, kept) == before);
}

TEST_CASE("a stage gets the status of its own jobs, as a number",
          "[postgres][schemas]") {
  BuildsWorld world;
  const auto pipeline = world.blocked_pipeline();
  world.jobs.job(pipeline, {.status = "success", .stage = 0});
  world.jobs.job(pipeline, {.stage = 1});
  world.jobs.job(pipeline, {.status = "created", .stage = 2});
  world.jobs.job(pipeline, {.stage = 3, .allow_failure = true});
  world.set("ci_stages", 1, "status = 3");
  const std::string first = world.row("ci_stages", 1);

  world.drop();

  CHECK(world.row("ci_stages", 1) == first);
  CHECK(world.of_stage(pipeline, 1, "status || ' ' || lock_version") == "4 1");
  CHECK(world.of_stage(pipeline, 2, "status || ' ' || lock_version") == "4 1");
  CHECK(world.of_stage(pipeline, 3, "status || ' ' || lock_version") == "3 1");
  CHECK(world.of_stage(pipeline, 1, is_now("updated_at")) == "t");
  CHECK(world.of_pipeline(pipeline, "status || ' ' || lock_version") ==
        "failed 1");
}

TEST_CASE("the pipeline's status follows from what was dropped and what wasn't",
          "[postgres][schemas]") {
  CHECK(status_after({{}, {.status = "success"}}) == "failed");
  CHECK(status_after({{}, {.status = "canceled"}}) == "failed");
  CHECK(status_after({{}, {.status = "manual"}}) == "manual");
  CHECK(status_after({{}, {.status = "manual", .allow_failure = true}}) ==
        "failed");
  CHECK(status_after({{.allow_failure = true}}) == "success");
  CHECK(status_after({{.allow_failure = true}, {.status = "canceled"}}) ==
        "canceled");
  CHECK(status_after({{}, {.status = "canceling"}}) == "canceling");
}

TEST_CASE("a job that was retried has no say in the pipeline's status",
          "[postgres][schemas]") {
  CHECK(status_after({{.retried = "true"},
                      {.allow_failure = true, .retried = "false"}}) ==
        "success");
}

TEST_CASE("a pipeline that waits for a hand has a duration and no end",
          "[postgres][schemas]") {
  BuildsWorld world;
  const auto pipeline = world.blocked_pipeline();
  world.jobs.job(pipeline);
  world.jobs.job(pipeline, {.status = "manual", .started_at = "NULL"});
  world.drop();
  CHECK(world.jobs.pipeline_status(pipeline) == "manual");
  CHECK(world.of_pipeline(pipeline, "finished_at") == "NULL");
  CHECK(world.of_pipeline(pipeline, "duration BETWEEN 299 AND 330") == "t");
}

TEST_CASE("a pipeline that never started ends without a duration",
          "[postgres][schemas]") {
  BuildsWorld world;
  const auto pipeline = world.blocked_pipeline("pending");
  world.set("ci_pipelines", pipeline, "started_at = NULL");
  world.jobs.job(pipeline, {.status = "pending", .started_at = "NULL"});
  world.drop();
  CHECK(world.jobs.pipeline_status(pipeline) == "failed");
  CHECK(world.of_pipeline(pipeline, "duration") == "NULL");
  CHECK(world.of_pipeline(pipeline, "started_at") == "NULL");
  CHECK(world.of_pipeline(pipeline, is_now("finished_at")) == "t");
}

TEST_CASE("the duration counts times that overlap once, and no bridge's",
          "[postgres][schemas]") {
  BuildsWorld world;
  const auto pipeline = world.blocked_pipeline();
  const std::string noon = "timestamp '2024-01-01 12:00'";
  world.jobs.job(pipeline, {.status = "success",
                            .started_at = noon,
                            .finished_at = noon + " + interval '60 s'"});
  world.jobs.job(pipeline, {.status = "failed",
                            .started_at = noon + " + interval '30 s'",
                            .finished_at = noon + " + interval '90 s'"});
  world.jobs.job(pipeline, {.status = "success",
                            .type = "Ci::Bridge",
                            .started_at = noon,
                            .finished_at = noon + " + interval '1 hour'"});
  world.jobs.job(pipeline, {.status = "pending", .started_at = "NULL"});
  world.drop();
  CHECK(world.of_pipeline(pipeline, "duration") == "90");
}

TEST_CASE("a pipeline in which nothing was dropped is not touched",
          "[postgres][schemas]") {
  BuildsWorld world;
  const auto user = world.jobs.user();
  world.jobs.job(world.jobs.pipeline(user));
  const auto untouched = world.jobs.pipeline(user);
  world.jobs.job(untouched, {.status = "success", .processed = "false"});
  world.jobs.job(untouched, {.status = "manual", .processed = "NULL"});
  const auto half = world.jobs.pipeline(user);
  world.jobs.job(half, {.status = "failed", .failure_reason = "1"});
  const auto rows = [&] {
    std::string text;
    for (const char* table : {"ci_pipelines", "ci_builds", "ci_stages"})
      for (const auto& row : world.database.column(fmt::format(
               "SELECT t::text FROM {} AS t WHERE {} IN ({}, {}) ORDER BY id",
               table,
               table == std::string("ci_pipelines") ? "id"
               : table == std::string("ci_builds")  ? "commit_id"
                                                    : "pipeline_id",
               untouched, half)))
        text += row + "\n";
    return text;
  };
  const std::string before = rows();

  CHECK(world.drop().pipelines == 1);
  CHECK(rows() == before);
}

TEST_CASE("a pipeline whose status a crash left out is completed by the next",
          "[postgres][schemas]") {
  BuildsWorld world;
  const auto pipeline = world.blocked_pipeline();
  const auto job = world.jobs.dropped_job(pipeline);
  world.set("ci_builds", job, "processed = false");

  const auto& report = world.drop();

  CHECK(report.dropped == 0);
  CHECK(world.jobs.pipeline_status(pipeline) == "failed");
  CHECK(world.of_stage(pipeline, 0, "status") == "4");
  CHECK(world.of_job(job, "processed || ' ' || lock_version") == "true 1");
  CHECK(world.of_pipeline(pipeline, "lock_version") == "1");
}

TEST_CASE("a job in a status that nobody knows is named, the rest is done",
          "[postgres][schemas]") {
  BuildsWorld world;
  const auto user = world.jobs.user();
  const auto odd = world.jobs.pipeline(user);
  const auto job = world.jobs.job(odd);
  world.jobs.job(odd, {.status = "hibernating"});
  const auto sound = world.jobs.pipeline(user);
  world.jobs.job(sound);

  const telemetry::Report& report = world.run();

  CHECK(world.jobs.status(job) == "failed");
  CHECK(world.jobs.pipeline_status(odd) == "running");
  CHECK(world.jobs.pipeline_status(sound) == "failed");
  REQUIRE(report.problems().size() == 1);
  CHECK(report.problems()[0].table == "ci_pipelines");
  CHECK(report.problems()[0].id == odd);
}

TEST_CASE("what a live GitLab wrote over a status is put right by the next run",
          "[postgres][schemas]") {
  BuildsWorld world;
  const auto pipeline = world.blocked_pipeline();
  world.jobs.job(pipeline);
  world.drop();
  const std::string told = world.database.dump();
  CHECK(world.drop().dropped == 0);
  CHECK(world.database.dump() == told);

  world.set("ci_pipelines", pipeline,
            "status = 'running', lock_version = lock_version + 1");
  CHECK(world.drop().dropped == 0);
  CHECK(world.jobs.pipeline_status(pipeline) == "failed");
}
