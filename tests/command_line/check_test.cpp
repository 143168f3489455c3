#include "jobs/check.hpp"
#include "tests/command_line/janitor.hpp"
#include "tests/support/fault_point.hpp"
#include "tests/support/jobs.hpp"

#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>

#include <filesystem>

using jobs::Level;
using tests::contains;
using tests::Ended;
using tests::janitor;
using tests::World;

namespace {

/// A world that is fit, and what check finds there.
struct Fit : World {
  Fit() { add_live(); }

  std::vector<jobs::Finding> findings() {
    options.command = jobs::Command::check;
    jobs::Installation installation(options, "test", stop);
    return jobs::examine(installation);
  }
  /// The worst finding on \a subject.
  jobs::Finding finding(const std::string& subject) {
    std::optional<jobs::Finding> worst;
    for (const jobs::Finding& found : findings())
      if (found.subject == subject && (!worst || found.level > worst->level))
        worst = found;
    REQUIRE(worst);
    return *worst;
  }
  /// Everything that is not ok but for the Redis that most tests do without, as
  /// "subject: text".
  std::vector<std::string> troubles() {
    std::vector<std::string> texts;
    for (const jobs::Finding& found : findings())
      if (found.level != Level::ok && found.subject != "redis")
        texts.push_back(found.subject + ": " + found.text);
    return texts;
  }
};

constexpr const char* partial_index =
    "ci_pipeline_artifacts_on_expire_at_for_removal";

}  // namespace

TEST_CASE("check finds a fit installation fit, line by line", "[postgres]") {
  Fit world;
  std::vector<std::string> subjects;
  for (const jobs::Finding& found : world.findings()) {
    CHECK(found.level ==
          (found.subject == "redis" ? Level::warning : Level::ok));
    CHECK_FALSE(found.text.empty());
    subjects.push_back(found.subject);
  }
  CHECK(subjects == std::vector<std::string>{
                        "connection", "tables", "jobs", "privileges", "vacuum",
                        "vacuum", "clock", "strain", "stores", "unlocked index",
                        "legacy index", "statistics", "values", "redis",
                        "live objects"});
  CHECK(contains(world.finding("connection").text, world.database.name()));
  CHECK_FALSE(contains(world.finding("connection").text, "pooler"));
  CHECK(world.finding("unlocked index").text == partial_index);
}

TEST_CASE("check says which index to create", "[postgres]") {
  Fit world;
  world.database.run(std::string("DROP INDEX ") + partial_index);
  const jobs::Finding partial = world.finding("unlocked index");
  CHECK(partial.level == Level::fail);
  CHECK(contains(partial.text,
                 "CREATE INDEX CONCURRENTLY ON ci_pipeline_artifacts "
                 "(expire_at) WHERE locked = 0 AND expire_at IS NOT NULL"));
  CHECK(world.finding("legacy index").level == Level::ok);

  // What it says is what helps.
  world.database.run(
      "CREATE INDEX CONCURRENTLY ON ci_pipeline_artifacts (expire_at) "
      "WHERE locked = 0 AND expire_at IS NOT NULL");
  CHECK(world.finding("unlocked index").level == Level::ok);

  world.database.run("DROP INDEX index_ci_pipeline_artifacts_on_expire_at");
  const jobs::Finding full = world.finding("legacy index");
  CHECK(full.level == Level::fail);
  CHECK(contains(full.text,
                 "CREATE INDEX CONCURRENTLY ON "
                 "ci_pipeline_artifacts (expire_at)"));
}

TEST_CASE("check wants no index of a pass that is left out", "[postgres]") {
  Fit world;
  world.database.run(std::string("DROP INDEX ") + partial_index);
  world.options.passes = {telemetry::Pass::legacy, telemetry::Pass::objects};
  CHECK(world.troubles().empty());
}

TEST_CASE("check takes an unfinished index for a missing one", "[postgres]") {
  Fit world;
  world.add();
  world.database.run(std::string("DROP INDEX ") + partial_index);
  // A unique index of that shape fails on two rows alike and stays, invalid.
  world.add({.expire_at = "'2020-01-01'"});
  world.add({.expire_at = "'2020-01-01'"});
  CHECK_THROWS(world.database.run(
      "CREATE UNIQUE INDEX CONCURRENTLY unfinished ON ci_pipeline_artifacts "
      "(expire_at) WHERE locked = 0 AND expire_at IS NOT NULL"));
  REQUIRE(world.database.value("SELECT indisvalid FROM pg_index WHERE "
                               "indexrelid = 'unfinished'::regclass") == "f");
  const jobs::Finding found = world.finding("unlocked index");
  CHECK(found.level == Level::fail);
  CHECK(contains(found.text, "not valid"));
}

TEST_CASE("check fails where a table or a column is missing", "[postgres]") {
  Fit world;
  world.database.run("ALTER TABLE ci_deleted_objects DROP COLUMN pick_up_at");
  const jobs::Finding found = world.finding("tables");
  CHECK(found.level == Level::fail);
  CHECK(found.text == "column ci_deleted_objects.pick_up_at is missing");
}

TEST_CASE("check warns of dead rows and of autovacuum turned off",
          "[postgres]") {
  Fit world;
  world.database.run(
      "ALTER TABLE ci_deleted_objects SET (autovacuum_enabled = off)");
  const jobs::Finding off = world.finding("vacuum");
  CHECK(off.level == Level::warning);
  CHECK(contains(off.text, "ci_deleted_objects"));
  CHECK(contains(off.text, "autovacuum is off"));
  for (const char* const spelling : {"false", "no", "0", "FALSE"}) {
    world.database.run(std::string("ALTER TABLE ci_deleted_objects SET ("
                                   "autovacuum_enabled = '") +
                       spelling + "')");
    CHECK(world.finding("vacuum").level == Level::warning);
  }
  world.database.run(
      "ALTER TABLE ci_deleted_objects SET (autovacuum_enabled = on)");
  CHECK(world.finding("vacuum").level == Level::ok);
}

TEST_CASE("check warns of many dead rows", "[postgres]") {
  Fit world;
  world.database.run(
      "ALTER TABLE ci_deleted_objects SET (autovacuum_enabled = off); "
      "INSERT INTO ci_deleted_objects (store_dir, file) "
      "SELECT 'd', 'f' FROM generate_series(1, 10002); "
      "DELETE FROM ci_deleted_objects");
  world.database.flush_statistics();
  world.database.run(
      "ALTER TABLE ci_deleted_objects RESET (autovacuum_enabled)");
  const jobs::Finding found = world.finding("vacuum");
  CHECK(found.level == Level::warning);
  CHECK(contains(found.text, "0 live rows, 10002 dead"));
  CHECK(contains(found.text, "VACUUM ci_deleted_objects"));
}

TEST_CASE("check fails where the store is missing or can't be written",
          "[postgres]") {
  Fit world;
  const std::string missing = (world.store.path() / "missing").string();
  world.options.local_store = missing;
  CHECK(world.finding("stores").level == Level::fail);
  CHECK(contains(world.finding("stores").text, missing));

  world.options.local_store.reset();
  CHECK(world.finding("stores").level == Level::fail);
  CHECK(contains(world.finding("stores").text, "--local-store DIR"));
}

TEST_CASE("check wants no store where there is nothing to remove",
          "[postgres]") {
  World world;
  world.options.local_store.reset();
  world.options.command = jobs::Command::check;
  jobs::Installation installation(world.options, "test", world.stop);
  for (const jobs::Finding& found : jobs::examine(installation))
    CHECK(found.level != Level::fail);
}

TEST_CASE("check tells the wrong store by its live objects", "[postgres]") {
  Fit world;
  for (int count = 0; count < 19; ++count)
    world.add_live();
  const tests::MadeArtifact gone = world.add_live();
  CHECK(world.finding("live objects").level == Level::ok);
  CHECK(contains(world.finding("live objects").text, "21 of 21"));

  // One of 21 is 4.8 %, two are 9.5 %.
  std::filesystem::remove(world.store.path() / gone.key.path());
  CHECK(world.finding("live objects").level == Level::ok);
  CHECK(contains(world.finding("live objects").text, "20 of 21"));
  std::filesystem::remove(world.store.path() / world.add_live().key.path());
  const jobs::Finding wrong = world.finding("live objects");
  CHECK(wrong.level == Level::fail);
  CHECK(contains(wrong.text, "20 of 22"));
  CHECK(contains(wrong.text, world.store.path().string()));

  world.options.accept_missing = true;
  CHECK(world.finding("live objects").level == Level::warning);
}

TEST_CASE("check misses no object of a row that GitLab destroys meanwhile",
          "[postgres]") {
  Fit world;
  const tests::MadeArtifact destroyed = world.add_live();
  std::filesystem::remove(world.store.path() / destroyed.key.path());
  CHECK(world.finding("live objects").level == Level::fail);

  const tests::FaultHook gitlab("check.looked", [&] {
    world.database.run("DELETE FROM ci_pipeline_artifacts WHERE id = " +
                       std::to_string(destroyed.id));
  });
  CHECK(world.finding("live objects").level == Level::ok);
  CHECK(contains(world.finding("live objects").text, "1 of 1"));
}

TEST_CASE("check warns where no live artifact can tell the store",
          "[postgres]") {
  World world;
  world.options.command = jobs::Command::check;
  jobs::Installation installation(world.options, "test", world.stop);
  const auto findings = jobs::examine(installation);
  CHECK(findings.back().subject == "live objects");
  CHECK(findings.back().level == Level::warning);
}

TEST_CASE("check fails where rows name a store that is not configured",
          "[postgres]") {
  Fit world;
  world.add({.expire_at = "now() + interval '1 day'", .file_store = "2"});
  const jobs::Finding found = world.finding("stores");
  CHECK(found.level == Level::fail);
  CHECK(contains(found.text, "file_store 2"));
  CHECK(contains(found.text, "--only-store 1"));
  world.options.only_store = 1;
  CHECK(world.troubles().empty());
}

TEST_CASE("check is 78 if anything failed, and changes nothing",
          "[postgres][program]") {
  Fit world;
  world.add();
  const std::string before = world.database.dump();
  const Ended fit = janitor(world, {"check"});
  CHECK(fit.status == 0);
  CHECK(fit.err.empty());
  CHECK(tests::lines_of(fit.out).size() == 15);

  const tests::TemporaryDirectory empty;
  const Ended unfit =
      janitor(world, {"check", "--local-store", empty.path().string()});
  CHECK(unfit.status == 78);
  CHECK(contains(unfit.out, "\nfail     live objects"));
  CHECK(unfit.err.empty());
  CHECK(world.database.dump() == before);
  CHECK(world.files_left() == 2);
}

TEST_CASE("check as JSON is one document", "[postgres][program]") {
  const Fit world;
  const auto document =
      nlohmann::json::parse(janitor(world, {"check", "--output=json"}).out);
  CHECK(document["program"] == "ci-janitor");
  CHECK(document["command"] == "check");
  CHECK(document["fit"] == true);
  REQUIRE(document["findings"].size() == 15);
  for (const auto& finding : document["findings"]) {
    CHECK(finding["level"] ==
          (finding["subject"] == "redis" ? "warning" : "ok"));
    CHECK(finding["subject"].is_string());
    CHECK(finding["text"].is_string());
  }
  const tests::TemporaryDirectory empty;
  const Ended unfit = janitor(world, {"check", "--output", "json",
                                      "--local-store", empty.path().string()});
  CHECK(unfit.status == 78);
  CHECK(nlohmann::json::parse(unfit.out)["fit"] == false);
}

TEST_CASE("check says what to do about jobs that it can't serve",
          "[postgres]") {
  Fit world;
  world.database.run("ALTER TABLE ci_builds DROP COLUMN processed");
  const jobs::Finding found = world.finding("jobs");
  CHECK(found.level == Level::fail);
  CHECK(contains(found.text, "ci_builds.processed"));
  CHECK(contains(found.text, "--passes unlocked,legacy,objects"));
  world.options.passes.erase(telemetry::Pass::builds);
  world.options.passes.erase(telemetry::Pass::traces);
  CHECK(world.troubles().empty());
}

TEST_CASE("a named user who is not blocked is refused", "[postgres]") {
  Fit world;
  tests::Jobs jobs(world);
  world.options.users = {jobs.user(), jobs.user("active"), 4711};
  std::vector<std::string> texts;
  for (const std::string& trouble : world.troubles())
    texts.push_back(trouble.substr(0, trouble.find(',')));
  CHECK(texts == std::vector<std::string>{"users: user 2 is 'active'",
                                          "users: user 4711 is not there"});
}

TEST_CASE("check asks for the Redis and the store that traces need",
          "[postgres]") {
  Fit world;
  tests::Jobs jobs(world);
  const auto job = jobs.dropped_job(jobs.pipeline(jobs.user()));
  jobs.bare_chunk(job, 0, 4);
  CHECK(contains(world.finding("traces").text, "--redis"));
  CHECK(world.finding("traces").level == Level::fail);
  world.options.passes.erase(telemetry::Pass::traces);
  CHECK(world.troubles().empty());
}
