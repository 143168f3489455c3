#include "tests/jobs/builds_world.hpp"

#include <catch2/catch.hpp>

/// What a drop writes, and where.
namespace {

using telemetry::Outcome;
using telemetry::Pass;
using tests::BuildsWorld;
using tests::is_now;

/// All columns but those that a drop writes.
constexpr const char* kept_columns =
    "to_jsonb(ci_builds) - '{status, finished_at, updated_at, failure_reason, "
    "lock_version, processed, scheduled_at, token_encrypted}'::text[]";

std::int64_t waiting_group(BuildsWorld& world, const std::string& key) {
  const auto group = world.jobs.resource_group(key);
  const auto other = world.jobs.pipeline(world.jobs.user("active"));
  world.jobs.job(other, {.status = "waiting_for_resource",
                         .resource_group_id = std::to_string(group)});
  return group;
}

}  // namespace

TEST_CASE("a drop writes what GitLab's would, and no more",
          "[postgres][schemas]") {
  BuildsWorld world;
  const auto job =
      world.jobs.job(world.blocked_pipeline(), {.processed = "true"});
  world.set("ci_builds", job,
            "lock_version = 4, runner_id = 3, queued_at = now(), coverage = 5, "
            "waiting_for_resource_at = now(), updated_at = '2020-01-01'");
  const std::string kept = world.of_job(job, kept_columns);

  world.drop();

  CHECK(world.of_job(job, "status") == "failed");
  CHECK(world.of_job(job, "failure_reason") == "14");
  CHECK(world.of_job(job, "lock_version") == "5");
  CHECK(world.of_job(job, "token_encrypted") == "NULL");
  CHECK(world.of_job(job, is_now("finished_at")) == "t");
  CHECK(world.of_job(job, "updated_at = finished_at") == "t");
  CHECK(world.of_job(job, kept_columns) == kept);
}

TEST_CASE("times are UTC whatever the server, the database or the role says",
          "[postgres][schemas]") {
  BuildsWorld world;
  world.database.run("ALTER DATABASE " + world.database.name() +
                     " SET timezone = 'Pacific/Kiritimati'");
  const auto pipeline = world.blocked_pipeline();
  const auto job = world.jobs.job(pipeline);
  const auto idle = world.jobs.job(pipeline, {.status = "pending"});
  world.database.run(fmt::format(
      "INSERT INTO deployments (project_id, deployable_type, deployable_id, "
      "status) VALUES (1, 'CommitStatus', {}, 1)",
      job));

  world.drop();

  for (const auto id : {job, idle}) {
    CHECK(world.of_job(id, is_now("finished_at")) == "t");
    CHECK(world.of_job(id, is_now("updated_at")) == "t");
  }
  CHECK(world.of_pipeline(pipeline, is_now("finished_at")) == "t");
  CHECK(world.of_pipeline(pipeline, is_now("updated_at")) == "t");
  CHECK(world.of_pipeline(pipeline, "duration BETWEEN 299 AND 330") == "t");
  CHECK(world.of_stage(pipeline, 0, is_now("updated_at")) == "t");
  CHECK(world.count("deployments WHERE " + is_now("updated_at")) == 1);
}

TEST_CASE("a job without a lock_version is dropped, and has one then",
          "[postgres]") {
  BuildsWorld world;
  const auto job = world.jobs.job(world.blocked_pipeline());
  world.set("ci_builds", job, "lock_version = NULL");
  CHECK(world.drop().dropped == 1);
  CHECK(world.of_job(job, "lock_version") == "1");
  CHECK(world.jobs.violations() == std::vector<std::string>{});
}

TEST_CASE("a retried job is dropped as processed, and nothing counts it",
          "[postgres][schemas]") {
  BuildsWorld world;
  const auto pipeline = world.blocked_pipeline();
  const auto retried = world.jobs.job(pipeline, {.retried = "true"});
  const std::string before = world.row("ci_pipelines", pipeline);
  CHECK(world.drop().dropped == 1);
  CHECK(world.of_job(retried, "status || ' ' || processed") == "failed true");
  CHECK(world.row("ci_pipelines", pipeline) == before);
}

TEST_CASE("a latest job is counted after its drop, without a new lock_version",
          "[postgres][schemas]") {
  BuildsWorld world;
  const auto pipeline = world.blocked_pipeline();
  const auto job = world.jobs.job(pipeline, {.retried = "false"});
  const auto not_yet =
      world.jobs.job(pipeline, {.status = "success", .processed = "false"});
  world.drop();
  CHECK(world.of_job(job, "processed || ' ' || lock_version") == "true 1");
  CHECK(world.of_job(not_yet, "processed || ' ' || lock_version") == "true 0");
}

TEST_CASE("a scheduled build is scheduled no more", "[postgres][schemas]") {
  BuildsWorld world;
  const auto pipeline = world.blocked_pipeline();
  const auto job = world.jobs.job(pipeline, {.status = "scheduled"});
  REQUIRE(world.of_job(job, "scheduled_at IS NULL") == "f");
  world.drop();
  CHECK(world.of_job(job, "scheduled_at IS NULL") == "t");
}

TEST_CASE("a job that never started ends without a start",
          "[postgres][schemas]") {
  BuildsWorld world;
  const auto job = world.jobs.job(world.blocked_pipeline(),
                                  {.status = "pending", .started_at = "NULL"});
  world.drop();
  CHECK(world.of_job(job, "started_at") == "NULL");
  CHECK(world.of_job(job, is_now("finished_at")) == "t");
}

TEST_CASE("dropped jobs leave the queues and end their runner's session",
          "[postgres][schemas][queues]") {
  BuildsWorld world;
  const auto pipeline = world.blocked_pipeline();
  world.jobs.job(pipeline, {.status = "pending"});
  world.jobs.job(pipeline);
  const auto other = world.jobs.pipeline(world.jobs.user("active"));
  const auto pending = world.jobs.job(other, {.status = "pending"});
  const auto running = world.jobs.job(other);
  REQUIRE(world.count("ci_pending_builds") == 2);

  CHECK(world.drop().dropped == 2);

  const auto builds_of = [&](const std::string& table) {
    return world.database.column("SELECT build_id FROM " + table);
  };
  using Ids = std::vector<std::string>;
  CHECK(builds_of("ci_pending_builds") == Ids{std::to_string(pending)});
  CHECK(builds_of("ci_running_builds") == Ids{std::to_string(running)});
  CHECK(builds_of("ci_builds_runner_session") == Ids{std::to_string(running)});
}

TEST_CASE("a dropped job gives its resource back, and nobody else's",
          "[postgres][schemas]") {
  BuildsWorld world;
  const auto pipeline = world.blocked_pipeline();
  const auto held = world.jobs.resource_group("production");
  world.jobs.hold_resource(held, world.jobs.job(pipeline));
  const auto others = world.jobs.resource_group("staging");
  const auto other =
      world.jobs.job(world.jobs.pipeline(world.jobs.user("active")));
  world.jobs.hold_resource(others, other);
  world.jobs.job(pipeline, {.status = "waiting_for_resource",
                            .resource_group_id = std::to_string(others)});

  world.drop();

  const auto holder = [&](std::int64_t group) {
    return world.database.value(fmt::format(
        "SELECT build_id FROM ci_resources WHERE resource_group_id = {}",
        group));
  };
  CHECK(holder(held) == "NULL");
  CHECK(holder(others) == std::to_string(other));
}

TEST_CASE("a group in which jobs wait for what was given back is named",
          "[postgres][schemas]") {
  BuildsWorld world;
  const auto pipeline = world.blocked_pipeline();
  const auto waited_for = waiting_group(world, "production");
  world.jobs.hold_resource(waited_for, world.jobs.job(pipeline));
  const auto idle = world.jobs.resource_group("nobody waits");
  world.jobs.hold_resource(idle, world.jobs.job(pipeline));
  waiting_group(world, "not given back");

  const telemetry::Report& report = world.run();

  const auto groups = report.waiting_groups();
  REQUIRE(groups.size() == 1);
  CHECK(groups[0].id == waited_for);
  CHECK(groups[0].project_id == 1);
  CHECK(groups[0].key == "production");
  CHECK_THAT(groups[0].command(),
             Catch::Contains(std::to_string(waited_for)) &&
                 Catch::Contains("AssignResourceFromResourceGroupWorker"));
  CHECK(report.problems_total() == 0);
}

TEST_CASE("the deployment of a dropped job fails, unless it has ended",
          "[postgres][schemas]") {
  BuildsWorld world;
  const auto job = world.jobs.job(world.blocked_pipeline());
  for (int status = 0; status <= 6; ++status)
    world.database.run(fmt::format(
        "INSERT INTO deployments (project_id, deployable_type, deployable_id, "
        "status) VALUES (1, 'CommitStatus', {0}, {1}), (1, 'Other', {0}, 1), "
        "(1, 'CommitStatus', {0} + 1, 1)",
        job, status));
  world.drop();
  CHECK(world.database.column(
            "SELECT status FROM deployments WHERE deployable_type = "
            "'CommitStatus' AND deployable_id = " +
            std::to_string(job) + " ORDER BY id") ==
        std::vector<std::string>{"3", "3", "2", "3", "4", "5", "3"});
  CHECK(world.count("deployments WHERE finished_at > now() - interval "
                    "'1 minute'") == 3);
  CHECK(world.count("deployments WHERE status = 1") == 14);
}

TEST_CASE("what points at a dropped job afterwards is named",
          "[postgres][schemas][queues]") {
  BuildsWorld world;
  const auto job = world.jobs.job(world.blocked_pipeline());
  // As GitLab would whose runner picks the job at the same moment.
  world.database.run(
      "CREATE FUNCTION public.pick() RETURNS trigger LANGUAGE plpgsql SECURITY "
      "DEFINER "
      "SET search_path TO test_names, public AS $$ BEGIN "
      "INSERT INTO ci_running_builds (build_id, project_id, runner_id, "
      "runner_type) VALUES (OLD.build_id, 1, 1, 1); RETURN OLD; END $$; "
      "CREATE TRIGGER pick AFTER DELETE ON public.ci_builds_runner_session "
      "FOR EACH ROW EXECUTE FUNCTION public.pick()");
  world.database.run("DELETE FROM ci_running_builds");

  const telemetry::Report& report = world.run();

  CHECK(report.pass(Pass::builds).outcome == Outcome::partial);
  REQUIRE(report.problems().size() == 1);
  CHECK(report.problems()[0].table == "ci_running_builds");
  CHECK_THAT(report.problems()[0].reason,
             Catch::Contains("job " + std::to_string(job)));
}
