#include "db/job_status.hpp"
#include "jobs/check.hpp"
#include "tests/jobs/builds_world.hpp"
#include "tests/support/schema_era.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <set>

/// Whose jobs are dropped, and which.
namespace {

using telemetry::Outcome;
using telemetry::Pass;
using tests::BuildsWorld;

constexpr std::array types{"Ci::Build", "Ci::Bridge", "GenericCommitStatus"};
const std::set<std::string> cancelable{"created",   "waiting_for_resource",
                                       "preparing", "waiting_for_callback",
                                       "pending",   "running",
                                       "scheduled"};
const std::set<std::string> others{"success", "failed", "canceled",
                                   "skipped", "manual", "canceling"};

void expect_unfit(BuildsWorld& world, const std::string& sentence) {
  const std::string before = world.database.dump();
  CHECK_THROWS_WITH(world.run(), Catch::Contains(sentence));
  CHECK_THROWS_AS(world.run(), jobs::Unfit);
  CHECK(world.database.dump() == before);
}

}  // namespace

TEST_CASE("the jobs of a blocked user are dropped, and only theirs",
          "[postgres][schemas]") {
  BuildsWorld world;
  const auto blocked = world.jobs.job(world.blocked_pipeline());
  std::vector<std::int64_t> left;
  for (const char* state : {"ldap_blocked", "banned", "active", "deactivated",
                            "blocked_pending_approval", "Blocked", ""})
    left.push_back(world.jobs.job(world.jobs.pipeline(world.jobs.user(state))));

  const auto& report = world.drop();

  CHECK(world.jobs.status(blocked) == "failed");
  for (const auto job : left)
    CHECK(world.jobs.status(job) == "running");
  CHECK(report.dropped == 1);
  CHECK(report.users == 1);
  CHECK(report.pipelines == 1);
  CHECK(report.outcome == Outcome::drained);
  CHECK(world.jobs.violations() == std::vector<std::string>{});
}

TEST_CASE("a user whose state is not known is not blocked",
          "[postgres][schemas]") {
  BuildsWorld world;
  const auto user = world.jobs.user();
  world.set("users", user, "state = NULL");
  const auto job = world.jobs.job(world.jobs.pipeline(user));
  CHECK(world.drop().dropped == 0);
  CHECK(world.jobs.status(job) == "running");
}

TEST_CASE("the pipeline's user counts, not the job's", "[postgres][schemas]") {
  BuildsWorld world;
  const auto blocked = world.jobs.user();
  const auto active = world.jobs.user("active");
  const auto theirs = world.jobs.job(world.jobs.pipeline(blocked));
  const auto retried_by_them = world.jobs.job(world.jobs.pipeline(active));
  world.set("ci_builds", theirs, fmt::format("user_id = {}", active));
  world.set("ci_builds", retried_by_them, fmt::format("user_id = {}", blocked));

  CHECK(world.drop().dropped == 1);
  CHECK(world.jobs.status(theirs) == "failed");
  CHECK(world.jobs.status(retried_by_them) == "running");
}

TEST_CASE("named users are dropped alone, though others are blocked too",
          "[postgres][schemas]") {
  BuildsWorld world;
  std::vector<std::int64_t> users, jobs;
  for (int i = 0; i < 4; ++i) {
    users.push_back(world.jobs.user());
    jobs.push_back(world.jobs.job(world.jobs.pipeline(users.back())));
  }
  world.options.users = {users[2], users[0]};

  const auto& report = world.drop();

  CHECK(report.dropped == 2);
  CHECK(report.users == 2);
  CHECK(world.jobs.status(jobs[0]) == "failed");
  CHECK(world.jobs.status(jobs[1]) == "running");
  CHECK(world.jobs.status(jobs[2]) == "failed");
  CHECK(world.jobs.status(jobs[3]) == "running");
}

TEST_CASE("a named user who is not blocked is refused, before anything is done",
          "[postgres][schemas]") {
  BuildsWorld world;
  const auto blocked = world.jobs.user();
  world.jobs.job(world.jobs.pipeline(blocked));
  SECTION("active") {
    const auto active = world.jobs.user("active");
    world.options.users = {blocked, active};
    expect_unfit(world, fmt::format("user {} is 'active'", active));
  }
  SECTION("not there") {
    world.options.users = {blocked, 999};
    expect_unfit(world, "user 999 is not there");
  }
}

TEST_CASE("of every type, exactly the cancelable jobs are dropped",
          "[postgres][schemas]") {
  BuildsWorld world;
  const auto pipeline = world.blocked_pipeline();
  std::map<std::int64_t, std::string> doomed, left;
  for (const char* type : types) {
    for (const std::string& status : cancelable)
      doomed[world.jobs.job(pipeline, {.status = status, .type = type})] =
          status;
    for (const std::string& status : others)
      left[world.jobs.job(pipeline, {.status = status, .type = type})] = status;
  }
  std::map<std::int64_t, std::string> rows;
  for (const auto& [job, status] : left)
    rows[job] = world.row("ci_builds", job);

  CHECK(world.drop().dropped == 21);

  for (const auto& [job, status] : doomed) {
    INFO(status << " " << world.of_job(job, "type"));
    CHECK(world.of_job(job, "status || ' ' || failure_reason") == "failed 14");
  }
  for (const auto& [job, row] : rows)
    CHECK(world.row("ci_builds", job) == row);
  CHECK(world.jobs.violations() == std::vector<std::string>{});
}

TEST_CASE("a pipeline in any status that is not an end is looked into",
          "[postgres][schemas]") {
  BuildsWorld world;
  const auto user = world.jobs.user();
  std::map<std::string, std::int64_t> jobs;
  for (const auto& status : db::job_status_names)
    jobs[std::string(status)] =
        world.jobs.job(world.jobs.pipeline(user, std::string(status)));

  CHECK(world.drop().dropped == 9);

  for (const auto& [status, job] : jobs) {
    INFO(status);
    const bool ended = db::is_completed(*db::job_status(status));
    CHECK(world.jobs.status(job) == (ended ? "running" : "failed"));
  }
}

TEST_CASE("what a project's filter leaves out is left alone",
          "[postgres][schemas]") {
  BuildsWorld world;
  const auto user = world.jobs.user();
  std::vector<std::int64_t> jobs;
  for (const int project : {1, 2, 3})
    jobs.push_back(
        world.jobs.job(world.jobs.pipeline(user, "running", project)));
  const auto statuses = [&] {
    std::string text;
    for (const auto job : jobs)
      text += world.jobs.status(job).substr(0, 1);
    return text;
  };
  SECTION("only one") {
    world.options.projects = {2};
    CHECK(world.drop().dropped == 1);
    CHECK(statuses() == "rfr");
  }
  SECTION("all but one") {
    world.options.except_projects = {2};
    CHECK(world.drop().dropped == 2);
    CHECK(statuses() == "frf");
  }
  SECTION("one that is excepted as well") {
    world.options.projects = {1, 2};
    world.options.except_projects = {2};
    CHECK(world.drop().dropped == 1);
    CHECK(statuses() == "frr");
  }
}

TEST_CASE("a second run finds nothing more to do", "[postgres][schemas]") {
  BuildsWorld world;
  world.jobs.jobs(3, world.blocked_pipeline());
  CHECK(world.drop().dropped == 3);
  const std::string rows = world.database.dump();
  const auto& again = world.drop();
  CHECK(again.dropped == 0);
  CHECK(again.pipelines == 0);
  CHECK(again.outcome == Outcome::drained);
  CHECK(world.database.dump() == rows);
}

TEST_CASE("a blocked user without pipelines, or without jobs, is no trouble",
          "[postgres][schemas]") {
  BuildsWorld world;
  world.jobs.user();
  world.blocked_pipeline();
  world.jobs.job(world.blocked_pipeline(), {.status = "success"});
  const std::string rows = world.database.dump();
  const auto& report = world.drop();
  CHECK(report.dropped == 0);
  CHECK(report.users == 0);
  CHECK(report.outcome == Outcome::drained);
  CHECK(world.database.dump() == rows);
}

TEST_CASE("a job that can't be changed is named, others are dropped",
          "[postgres][schemas]") {
  BuildsWorld world;
  const auto user = world.jobs.user();
  std::vector<std::int64_t> pipelines;
  for (int i = 0; i < 5; ++i) {
    pipelines.push_back(world.jobs.pipeline(user));
    world.jobs.jobs(2, pipelines.back());
  }
  world.database.run(fmt::format(
      "CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS "
      "$$BEGIN RAISE 'not this one'; END$$; CREATE TRIGGER refuse "
      "BEFORE UPDATE ON {} FOR EACH ROW WHEN (OLD.commit_id = {}) "
      "EXECUTE FUNCTION public.refuse()",
      tests::schema_era().root_of("ci_builds"), pipelines[3]));

  const telemetry::Report& report = world.run();

  CHECK(report.pass(Pass::builds).dropped == 8);
  CHECK(report.pass(Pass::builds).pipelines == 4);
  CHECK(report.outcome() == Outcome::partial);
  REQUIRE(report.problems().size() == 1);
  CHECK(report.problems()[0].table == "ci_pipelines");
  CHECK(report.problems()[0].id == pipelines[3]);
  CHECK_THAT(report.problems()[0].reason, Catch::Contains("not this one"));
  CHECK(world.count("ci_pipelines WHERE status = 'failed'") == 4);
}
