#include "tests/support/two_databases.hpp"

#include "jobs/check.hpp"
#include "jobs/run.hpp"
#include "tests/support/fault_point.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <stdexcept>
#include <utility>

using telemetry::Outcome;
using telemetry::Pass;
using tests::FaultHook;
using tests::TwoDatabases;
using Sizes = std::vector<std::string>;

namespace {

/// Users, one blocked, with a job each that deploys.
struct Deploying : TwoDatabases {
  Deploying() {
    main.run("ALTER TABLE deployments ADD COLUMN user_id bigint");
    options.passes = {Pass::builds};
  }

  std::int64_t deploying_job(const std::string& state) {
    const std::int64_t user = jobs.user(state);
    const std::int64_t job = jobs.job(jobs.pipeline(user));
    database.run(fmt::format(
        "INSERT INTO deployments (project_id, deployable_type, deployable_id, "
        "status) VALUES (1, 'CommitStatus', {}, 1)",
        job));
    users.emplace_back(user, job);
    return job;
  }
  void part_all() {
    part();
    for (const auto& [user, job] : users)
      main.run(
          fmt::format("UPDATE deployments SET user_id = {} WHERE "
                      "deployable_id = {}",
                      user, job));
  }
  std::string deployment(std::int64_t job) {
    return main.value(fmt::format(
        "SELECT status FROM deployments WHERE deployable_id = {}", job));
  }

  std::vector<std::pair<std::int64_t, std::int64_t>> users;
};

/// What the program's run would do if it were killed there.
struct Killed : std::runtime_error {
  Killed() : std::runtime_error("killed") {}
};

void kill_at(TwoDatabases& world, const char* point) {
  const FaultHook hook(point, [] { throw Killed(); });
  CHECK_THROWS_AS(world.run(), Killed);
}

std::vector<std::string> failures(TwoDatabases& world) {
  jobs::Installation installation(world.options, "test", world.stop);
  std::vector<std::string> texts;
  for (const jobs::Finding& finding : jobs::examine(installation))
    if (finding.level == jobs::Level::fail)
      texts.push_back(finding.subject + ": " + finding.text);
  return texts;
}

/// Two minutes later, as far as another run can tell.
void let_time_pass(TwoDatabases& world) {
  world.database.run(
      "UPDATE ci_deleted_objects SET pick_up_at = pick_up_at - interval "
      "'121 seconds'");
}

}  // namespace

TEST_CASE("bytes leave the statistics in the main database", "[postgres]") {
  TwoDatabases world;
  world.add({.size = 70});
  world.add({.locked = "2", .size = 5});
  world.add({.project_id = 2, .size = 1000});
  world.add({.expire_at = "NULL", .size = 3});
  world.part();

  const telemetry::Report& report = world.run();

  CHECK(report.outcome() == Outcome::drained);
  CHECK(report.pass(Pass::unlocked).destroyed == 2);
  CHECK(report.pass(Pass::legacy).destroyed == 1);
  CHECK(world.sizes(1) == Sizes{"3", "3"});
  CHECK(world.sizes(2) == Sizes{"0", "0"});
  CHECK(world.files_left() == 1);
  CHECK(world.entries_left() == 0);
  CHECK(world.broken().empty());
}

TEST_CASE("a project about to be deleted keeps its statistics there too",
          "[postgres]") {
  TwoDatabases world;
  world.add({.size = 70});
  world.database.run("UPDATE projects SET pending_delete = true");
  world.part();
  world.run();
  CHECK(world.sizes() == Sizes{"70", "70"});
}

TEST_CASE("a plan reads both databases and writes neither", "[postgres]") {
  TwoDatabases world;
  world.add({.size = 70});
  world.part();
  const std::string before = world.database.dump() + world.main.dump();
  CHECK(world.plan().pass(Pass::unlocked).destroyed == 1);
  CHECK(world.database.dump() + world.main.dump() == before);
}

TEST_CASE("killed between the rows and their bytes, the next run counts anew",
          "[postgres]") {
  TwoDatabases world;
  world.options.concurrency = 1;
  world.add({.size = 70});
  world.add({.size = 5, .file = "other.json"});
  world.add({.project_id = 2, .size = 11});
  world.add_live();
  world.part();

  kill_at(world, "statistics.before");
  CHECK(world.sizes(1) == Sizes{"175", "175"});
  CHECK(world.files_left() == 4);
  let_time_pass(world);
  world.run();
  CHECK(world.sizes(1) == Sizes{"100", "100"});
  CHECK(world.sizes(2) == Sizes{"0", "0"});

  world.database.run(
      "UPDATE ci_deleted_objects SET pick_up_at = now() - interval '1 s'");
  world.run();
  CHECK(world.sizes(1) == Sizes{"100", "100"});
  CHECK(world.files_left() == 1);
  CHECK(world.broken().empty());
}

TEST_CASE("killed after the bytes, the next run changes nothing",
          "[postgres]") {
  TwoDatabases world;
  world.add({.size = 70});
  world.add_live();
  world.part();
  kill_at(world, "statistics.after");
  CHECK(world.sizes() == Sizes{"100", "100"});
  let_time_pass(world);
  world.run();
  CHECK(world.sizes() == Sizes{"100", "100"});
  CHECK(world.broken().empty());
}

TEST_CASE("what another run is about to take off is not counted anew",
          "[postgres]") {
  TwoDatabases world;
  world.add({.size = 70});
  world.add_live();
  world.part();
  {
    bool began = false;
    const FaultHook hook("statistics.before", [&] {
      if (!std::exchange(began, true)) {
        jobs::Options options = world.options;
        options.command = jobs::Command::run;
        telemetry::Report report;
        jobs::Installation other(options, "other", world.stop);
        jobs::run(other, world.stop, {}, report);
      }
    });
    world.run();
    REQUIRE(began);
  }
  CHECK(world.sizes() == Sizes{"100", "100"});
}

TEST_CASE("a main database that is away leaves the objects queued",
          "[postgres]") {
  TwoDatabases world;
  world.add({.size = 70});
  world.add_live();
  world.part();
  {
    const FaultHook hook("statistics.before", [&] {
      world.main.run("ALTER TABLE project_statistics RENAME TO away");
    });
    const telemetry::Report& report = world.run();
    CHECK(report.pass(Pass::unlocked).outcome == Outcome::partial);
    CHECK(report.pass(Pass::unlocked).destroyed == 1);
  }
  CHECK(world.entries_left() == 1);
  CHECK(world.files_left() == 2);
  world.main.run("ALTER TABLE away RENAME TO project_statistics");
  let_time_pass(world);
  world.run();
  CHECK(world.sizes() == Sizes{"100", "100"});
  CHECK(world.broken().empty());
}

TEST_CASE("a row of statistics that GitLab writes meanwhile is counted again",
          "[postgres]") {
  TwoDatabases world;
  world.add({.size = 70});
  world.add_live();
  world.part();
  kill_at(world, "statistics.before");
  let_time_pass(world);
  {
    int times = 0;
    const FaultHook hook("statistics.looked", [&] {
      if (++times == 1)
        world.main.run(
            "UPDATE project_statistics SET repository_size = 9, "
            "storage_size = storage_size + 9");
    });
    world.run();
    CHECK(times == 2);
  }
  CHECK(world.sizes() == Sizes{"100", "109"});
}

TEST_CASE("jobs of users who are blocked in the main database are dropped",
          "[postgres]") {
  Deploying world;
  const std::int64_t blocked = world.deploying_job("blocked");
  const std::int64_t active = world.deploying_job("active");
  world.part_all();

  const telemetry::Report& report = world.run();

  CHECK(report.outcome() == Outcome::drained);
  CHECK(report.pass(Pass::builds).dropped == 1);
  CHECK(world.jobs.status(blocked) == "failed");
  CHECK(world.jobs.status(active) == "running");
  CHECK(world.deployment(blocked) == "3");
  CHECK(world.deployment(active) == "1");
  CHECK(world.jobs.violations().empty());
}

TEST_CASE("a user who is unblocked before the first slice keeps the jobs",
          "[postgres]") {
  Deploying world;
  const std::int64_t job = world.deploying_job("blocked");
  world.part_all();
  const FaultHook hook("builds.wave_read", [&] {
    world.main.run("UPDATE users SET state = 'active'");
  });
  CHECK(world.run().pass(Pass::builds).dropped == 0);
  CHECK(world.jobs.status(job) == "running");
}

TEST_CASE("killed between a job and its deployment, the next run ends it",
          "[postgres]") {
  Deploying world;
  const std::int64_t job = world.deploying_job("blocked");
  world.part_all();
  kill_at(world, "builds.before_deployments");
  CHECK(world.jobs.status(job) == "failed");
  CHECK(world.deployment(job) == "1");
  world.run();
  CHECK(world.deployment(job) == "3");
}

TEST_CASE("tables that are elsewhere are refused with the option's name",
          "[postgres]") {
  TwoDatabases world;
  world.add();
  world.part();
  world.tell_nothing();
  const auto texts = failures(world);
  REQUIRE_FALSE(texts.empty());
  CHECK(texts.front().find("--main-service NAME") != std::string::npos);
}

TEST_CASE("the main database is no CI database", "[postgres]") {
  TwoDatabases world;
  world.add();
  world.part();
  world.database.run(
      "CREATE FUNCTION gitlab_schema_prevent_write() RETURNS trigger LANGUAGE "
      "plpgsql AS 'BEGIN RAISE EXCEPTION ''locked''; END'; "
      "CREATE TRIGGER gitlab_schema_write_trigger_for_ci_pipeline_artifacts "
      "BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON ci_pipeline_artifacts "
      "FOR EACH STATEMENT EXECUTE FUNCTION gitlab_schema_prevent_write()");
  const auto texts = failures(world);
  REQUIRE_FALSE(texts.empty());
  CHECK(texts.front().find("GitLab's CI database, by PGDATABASE") !=
        std::string::npos);
  CHECK_THROWS(world.run());
  CHECK(world.rows_left() == 1);
}

TEST_CASE("a Geo primary is refused, unless its leak is accepted",
          "[postgres]") {
  TwoDatabases world;
  world.add();
  world.part();
  world.main.run(
      "CREATE TABLE geo_nodes (id serial, \"primary\" boolean, name text); "
      "INSERT INTO geo_nodes (\"primary\", name) VALUES (true, 'here')");
  world.main.grant({"half=main"});
  CHECK(failures(world).empty());
  world.main.run(
      "INSERT INTO geo_nodes (\"primary\", name) VALUES (false, 'there')");
  const auto texts = failures(world);
  REQUIRE(texts.size() == 1);
  CHECK(texts.front().starts_with("geo: this is a Geo primary"));
  world.options.accept_geo_leak = true;
  CHECK(failures(world).empty());
}
