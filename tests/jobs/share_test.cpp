#include "jobs/check.hpp"
#include "tests/command_line/janitor.hpp"
#include "tests/support/schema_era.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using telemetry::Pass;
using tests::World;

namespace {

constexpr const char* in_a_month = "now() + interval '30 days'";

/// 10,000 artifacts, the most that nobody asks about, of which 6,000 would go.
struct ShareWorld : World {
  ShareWorld() {
    options.max_fraction = 0.5;
    options.accept_missing = true;
    add_rows(6000);
    add_rows(4000, {.expire_at = in_a_month, .project_id = 2});
  }

  /// What check says about it: "fail 60 % ...", or nothing.
  std::string said() {
    options.command = jobs::Command::check;
    jobs::Installation installation(options, "test", stop);
    const auto findings = jobs::examine(installation);
    const auto found =
        std::ranges::find(findings, "share", &jobs::Finding::subject);
    return found == findings.end()
               ? ""
               : std::string(jobs::name_of(found->level)) + " " + found->text;
  }
};

}  // namespace

TEST_CASE("half of over 10,000 artifacts is the most that a run destroys",
          "[postgres]") {
  ShareWorld world;
  CHECK(world.said().empty());
  world.add_rows(1, {.expire_at = in_a_month, .project_id = 2});
  CHECK_THAT(
      world.said(),
      Catch::StartsWith("fail 60 % of about 10,001 artifacts would be "
                        "destroyed, and --max-fraction 0.5 allows 50 %"));

  SECTION("so nothing is begun") {
    const std::string before = world.database.dump();
    CHECK_THROWS_AS(world.run(), jobs::Unfit);
    CHECK(world.database.dump() == before);
    CHECK(world.plan().destroyed() == 6000);
  }
  SECTION("unless the option says more") {
    world.options.max_fraction = 0.6;
    CHECK_THAT(world.said(), Catch::StartsWith("ok 60 %"));
    world.options.max_fraction = 1;
    CHECK(world.said().empty());
  }
  SECTION("or the run destroys less") {
    world.options.max_destroy = 5000;
    CHECK_THAT(world.said(), Catch::StartsWith("ok 50 %"));
    world.options.shards = 2;
    CHECK_THAT(world.said(), Catch::StartsWith("fail 60 %"));
  }
  SECTION("or other projects are left out") {
    world.options.except_projects = {1};
    CHECK_THAT(world.said(), Catch::StartsWith("ok 0 %"));
  }
  SECTION("or no pass destroys any") {
    world.options.passes = {Pass::objects};
    CHECK(world.said().empty());
  }
}

TEST_CASE("what is expired and locked does not count, as it does not go",
          "[postgres]") {
  ShareWorld world;
  world.add_rows(8000, {.locked = "1", .pipeline_locked = 1});
  CHECK_THAT(world.said(), Catch::StartsWith("ok 33 % of about 18,000"));
  world.database.run(
      "UPDATE ci_pipelines SET locked = 0 WHERE id IN (SELECT pipeline_id FROM "
      "ci_pipeline_artifacts WHERE locked = 1)");
  CHECK_THAT(world.said(), Catch::StartsWith("fail 78 %"));
  world.options.trust_lock_state = true;
  CHECK_THAT(world.said(), Catch::StartsWith("ok 33 %"));
  world.options.passes = {Pass::unlocked};
  CHECK_THAT(world.said(), Catch::StartsWith("ok 33 %"));
}

TEST_CASE("a sample of a large table is about right, and always the same",
          "[postgres]") {
  ShareWorld world;
  world.database.run(
      "CREATE TABLE mixed AS SELECT * FROM ci_pipeline_artifacts "
      "ORDER BY md5(id::text); TRUNCATE ci_pipeline_artifacts; "
      "INSERT INTO ci_pipeline_artifacts SELECT * FROM mixed; "
      "DROP TABLE mixed");
  jobs::Installation installation(world.options, "test", world.stop);
  const db::PipelineArtifacts artifacts(installation.pool);
  const std::int64_t pages = artifacts.pages(installation.session());
  REQUIRE(pages > 125);
  const db::ShareQuestion question{
      .horizon = std::chrono::floor<std::chrono::microseconds>(
          std::chrono::system_clock::now()),
      .filter = {{}, {}, {1, 2}}};
  const auto sample = [&] {
    return artifacts.share(installation.session(), question, 40, pages);
  };
  const db::ShareSample first = sample();
  CHECK(first.share == Approx(0.6).margin(0.05));
  CHECK(static_cast<double>(first.rows) == Approx(10000).epsilon(0.35));
  CHECK(sample().share == Approx(first.share).margin(1e-9));
}

TEST_CASE("a run that would destroy too much ends with 78 and names the option",
          "[postgres][program]") {
  ShareWorld world;
  world.add_rows(1, {.expire_at = in_a_month, .project_id = 2});
  const auto run = tests::janitor(
      world, {"run", "--passes", "unlocked", "--accept-missing"});
  CHECK(run.status == 78);
  CHECK_THAT(tests::complaint(run), Catch::Contains("--max-fraction"));
  CHECK(world.rows_left() == 10001);

  const auto plan = tests::janitor(
      world,
      {"plan", "--passes", "unlocked", "--accept-missing", "--output", "json"});
  CHECK(plan.status == 0);
  CHECK_THAT(plan.err,
             Catch::Contains("warning: a run would be refused: 60 %"));
}
