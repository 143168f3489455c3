#include "tests/command_line/janitor.hpp"
#include "tests/support/jobs.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>

using nlohmann::json;
using tests::Ended;
using tests::janitor;
using tests::MadeArtifact;

namespace {

/// Something for every pass; what plan lists of it goes into a file.
struct PlanWorld : tests::World {
  PlanWorld() {
    add_live();
    for (int i = 0; i < 4; ++i)
      unlocked.push_back(add());
    for (int i = 0; i < 4; ++i)
      legacy.push_back(add({.locked = "2"}));
    add_entry("due", "object");
    for (int i = 0; i < 3; ++i)
      running.push_back(jobs.job(pipeline));
  }

  std::string plan_file() {
    const Ended plan = janitor(*this, {"plan", "--output", "jsonl"});
    REQUIRE(plan.status == 0);
    return file.write("plan.jsonl", plan.out).string();
  }
  json run_plan(const std::string& path, std::vector<std::string> words = {}) {
    words.insert(words.begin(), {"run", "--plan", path, "--output", "json"});
    const Ended run = janitor(*this, words);
    INFO(run.err);
    REQUIRE(run.status == 0);
    log = run.err;
    return json::parse(run.out)["passes"];
  }
  void set(const std::string& table, std::int64_t id, const std::string& what) {
    database.run(
        fmt::format("UPDATE {} SET {} WHERE id = {}", table, what, id));
  }

  tests::Jobs jobs{*this};
  std::int64_t pipeline = jobs.pipeline(jobs.user());
  std::vector<MadeArtifact> unlocked, legacy;
  std::vector<std::int64_t> running;
  tests::TemporaryDirectory file;
  std::string log;
};

}  // namespace

TEST_CASE("a run by a plan does what the plan names, and no more",
          "[postgres][program][schemas][locks]") {
  PlanWorld world;
  const std::string plan = world.plan_file();
  const auto late = world.add();
  const auto late_legacy = world.add({.locked = "2"});
  world.add({.locked = "2", .pipeline_locked = 1});
  const auto late_job = world.jobs.job(world.pipeline);
  const auto elsewhere = world.jobs.job(world.jobs.pipeline(world.jobs.user()));

  const json passes = world.run_plan(plan);

  CHECK(passes["unlocked"]["destroyed"] == 4);
  CHECK(passes["legacy"]["destroyed"] == 4);
  CHECK(passes["legacy"]["resolved"] == 0);
  CHECK(passes["builds"]["dropped"] == 3);
  for (const char* const pass : {"unlocked", "legacy", "builds"})
    CHECK(passes[pass]["refused"] == 0);
  CHECK(passes["traces"]["outcome"] == "skipped");
  CHECK(world.row_exists(late));
  CHECK(world.row_exists(late_legacy));
  CHECK(world.rows_left() == 4);
  CHECK(world.entries_left() == 1);
  CHECK(world.jobs.status(late_job) == "running");
  CHECK(world.jobs.status(elsewhere) == "running");
  CHECK(world.violations().empty());
  CHECK(world.jobs.violations().empty());
}

TEST_CASE("what has changed since the plan is refused, counted and named",
          "[postgres][program][schemas][locks]") {
  PlanWorld world;
  const std::string plan = world.plan_file();
  world.database.run("DELETE FROM ci_pipeline_artifacts WHERE id = " +
                     std::to_string(world.unlocked[0].id) +
                     "; UPDATE project_statistics SET " +
                     tests::counted_bytes("-100"));
  world.set("ci_pipeline_artifacts", world.unlocked[1].id, "locked = 1");
  world.set("ci_pipeline_artifacts", world.unlocked[2].id,
            "file = 'other.json'");
  world.set("ci_pipelines", world.legacy[0].pipeline_id, "locked = 1");
  world.set("ci_pipeline_artifacts", world.legacy[1].id,
            "expire_at = now() + interval '1 day'");
  // Sure of its state by now, and as eligible as it was.
  world.set("ci_pipeline_artifacts", world.legacy[2].id, "locked = 0");
  world.set("ci_builds", world.running[0], "status = 'success'");
  world.set("ci_builds", world.running[1], "status = 'pending'");

  const json passes = world.run_plan(plan);

  CHECK(passes["unlocked"]["destroyed"] == 1);
  CHECK(passes["unlocked"]["refused"] == 3);
  CHECK(passes["legacy"]["destroyed"] == 2);
  CHECK(passes["legacy"]["refused"] == 2);
  CHECK(passes["builds"]["dropped"] == 1);
  CHECK(passes["builds"]["refused"] == 2);
  CHECK_THAT(world.log, Catch::Contains(fmt::format(
                            "artifact {} of the plan is refused: its key",
                            world.unlocked[2].id)));
  CHECK_FALSE(world.row_exists(world.legacy[2]));
  CHECK(world.row_exists(world.unlocked[2]));
  CHECK(world.jobs.status(world.running[1]) == "pending");
}

TEST_CASE("a plan that can't be read, or makes no sense, changes nothing",
          "[postgres][program]") {
  PlanWorld world;
  const std::string before = world.database.dump();
  const std::string plan = world.plan_file();
  const auto said = [&](const std::string& path) {
    const Ended run = janitor(world, {"run", "--plan", path});
    CHECK(run.status == 2);
    CHECK(run.out.empty());
    return tests::complaint(run);
  };
  CHECK_THAT(said("/nowhere/plan"), Catch::Contains("can't be read"));
  CHECK_THAT(said(world.file.path().string()),
             Catch::Contains("can't be read"));
  const std::string text = tests::read_file(plan);
  world.file.write("plan.jsonl", text + "\x1b[31m\n");
  CHECK_THAT(said(plan), Catch::Contains("line 12: it is not a JSON object"));
  world.file.write("plan.jsonl", text.substr(0, text.size() - 20));
  CHECK_THAT(said(plan), Catch::Contains("line 11: it has no end"));
  CHECK(world.database.dump() == before);
}

TEST_CASE("rows that a plan names and others hold are put off, not refused",
          "[postgres][program]") {
  PlanWorld world;
  const std::string plan = world.plan_file();
  tests::TestSession other;
  other.begin();
  other.run(
      fmt::format("SELECT FROM ci_pipeline_artifacts WHERE id = {} FOR UPDATE",
                  world.unlocked[0].id));
  const json passes = world.run_plan(plan, {"--passes", "unlocked"});
  CHECK(passes["unlocked"]["destroyed"] == 3);
  CHECK(passes["unlocked"]["skipped"] == 1);
  CHECK(passes["unlocked"]["refused"] == 0);
  other.rollback();
  const json again = world.run_plan(plan, {"--passes", "unlocked"});
  CHECK(again["unlocked"]["destroyed"] == 1);
  CHECK(again["unlocked"]["refused"] == 3);
}
