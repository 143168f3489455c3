#include "tests/jobs/builds_world.hpp"

#include <catch2/catch.hpp>

/// What ci_refs says after the jobs of a ref's pipeline were dropped.
namespace {

using tests::BuildsWorld;

/// A ref, its pipelines, and what a run makes of its status.
struct RefWorld : BuildsWorld {
  explicit RefWorld(int status) {
    ref = database.number(
        fmt::format("INSERT INTO ci_refs (project_id, status, ref_path) VALUES "
                    "(1, {}, 'refs/heads/main') RETURNING id",
                    status));
    pipeline = of_ref("running");
  }

  std::int64_t of_ref(const std::string& status) {
    const auto id = blocked_pipeline(status);
    set("ci_pipelines", id, fmt::format("ci_ref_id = {}", ref));
    return id;
  }

  std::string status_after(const tests::JobSpec& job) {
    jobs.job(pipeline, job);
    drop();
    return field("ci_refs", ref, "status");
  }

  std::int64_t ref = 0;
  std::int64_t pipeline = 0;
};

}  // namespace

TEST_CASE("a ref follows its pipeline from each status to the next",
          "[postgres][slow]") {
  const char* const after_failure[] = {"2", "4", "5", "4", "5", "5"};
  const char* const after_success[] = {"1", "1", "3", "1", "3", "3"};
  for (int status = 0; status <= 5; ++status) {
    INFO("from " << status);
    CHECK(RefWorld(status).status_after({}) == after_failure[status]);
    CHECK(RefWorld(status).status_after({.allow_failure = true}) ==
          after_success[status]);
  }
}

TEST_CASE("a ref's lock_version rises with its status", "[postgres][schemas]") {
  RefWorld world(1);
  world.status_after({});
  CHECK(world.field("ci_refs", world.ref, "lock_version") == "1");
}

TEST_CASE("a ref that a later pipeline has finished for is left alone",
          "[postgres][schemas]") {
  for (const char* later : {"success", "failed", "canceled"}) {
    RefWorld world(1);
    world.of_ref(later);
    CHECK(world.status_after({}) == "1");
    CHECK(world.field("ci_refs", world.ref, "lock_version") == "0");
  }
}

TEST_CASE("a ref follows the last finished pipeline, not one that still runs",
          "[postgres][schemas]") {
  RefWorld world(1);
  for (const char* later : {"running", "skipped", "manual"})
    world.of_ref(later);
  const auto child = world.of_ref("success");
  world.set("ci_pipelines", child, "source = 12");
  CHECK(world.status_after({}) == "4");
}

TEST_CASE("a child pipeline has no say in its ref's status",
          "[postgres][schemas]") {
  RefWorld world(1);
  world.set("ci_pipelines", world.pipeline, "source = 12");
  CHECK(world.status_after({}) == "1");
}

TEST_CASE("a pipeline that waits for a hand leaves its ref alone",
          "[postgres][schemas]") {
  RefWorld world(1);
  world.jobs.job(world.pipeline, {.status = "manual"});
  CHECK(world.status_after({}) == "1");
}
