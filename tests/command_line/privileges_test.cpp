#include "jobs/check.hpp"
#include "tests/command_line/janitor.hpp"
#include "tests/support/jobs.hpp"
#include "tests/support/schema_era.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <fstream>

using jobs::Level;
using tests::complaint;
using tests::contains;
using tests::Ended;
using tests::janitor;
using tests::ScopedEnvironment;
using tests::World;

namespace {

/// A privilege that db/grants.sql gave, as REVOKE and GRANT have it and as
/// check names it.
struct Given {
  std::string what;
  std::string name;
};

/// What a role was given on tables and their sequences, read from the catalog.
std::vector<Given> given_to(tests::TestDatabase& database,
                            const std::string& role) {
  std::vector<Given> all;
  for (const auto& row : database.rows(fmt::format(
           "SELECT format('%s (%I) ON %s', privilege_type, attname, "
           "c.oid::regclass), "
           "format('%s of %s on %s', privilege_type, attname, relname) "
           "FROM pg_attribute AS a, aclexplode(attacl) AS acl, pg_class AS c "
           "WHERE c.oid = attrelid AND grantee = '{0}'::regrole "
           "UNION ALL "
           "SELECT format('%s ON %s%s', privilege_type, "
           "CASE relkind WHEN 'S' THEN 'SEQUENCE ' END, oid::regclass), "
           "format('%s on %s%s', privilege_type, "
           "CASE relkind WHEN 'S' THEN 'sequence ' END, relname) "
           "FROM pg_class, aclexplode(relacl) AS acl "
           "WHERE grantee = '{0}'::regrole ORDER BY 1",
           role)))
    all.push_back({row[0], row[1]});
  return all;
}

/// What check says about privileges alone; "" if all are there.
std::string missing(jobs::Installation& installation) {
  for (const jobs::Finding& finding : jobs::examine(installation))
    if (finding.subject == "privileges" && finding.level == Level::fail)
      return finding.text;
  return "";
}

/// A world with work for every pass.
struct Guarded : World {
  Guarded() {
    add_live();
    add({.locked = tests::schema_era().has_lock_column() ? "0" : "2"});
    add({.locked = "2"});
    add({.locked = "2", .pipeline_locked = 1});
    add_entry("left/over", "old.zip");
    tests::Jobs jobs(*this);
    const auto pipeline = jobs.pipeline(jobs.user());
    job = jobs.job(pipeline);
    jobs.job(pipeline, {.status = "pending"});
    jobs.hold_resource(jobs.resource_group("production"), job);
    jobs.chunk(job, 0, "a trace");
    options.trace_settle = std::chrono::seconds{0};
    database.run("CREATE ROLE " + role + " LOGIN");
  }
  ~Guarded() override {
    database.run("DROP OWNED BY " + role + "; DROP ROLE " + role);
  }

  /// To a role of the test's own.
  void grant(std::vector<std::string> settings = {}) {
    settings.push_back("role=" + role);
    database.grant(settings);
  }
  Ended as_role(const std::vector<std::string>& words) {
    return janitor(*this, words, {{"PGUSER", role}});
  }

  /// Take each away in turn, and have check name it and no other.
  void take_each_away(jobs::Installation& installation) {
    REQUIRE(missing(installation).empty());
    const std::vector<Given> all = given_to(database, role);
    REQUIRE(all.size() > 5);
    for (const Given& one : all) {
      database.run("REVOKE " + one.what + " FROM " + role);
      const std::string said = missing(installation);
      database.run("GRANT " + one.what + " TO " + role);
      INFO(one.what);
      CHECK(said.starts_with("missing: " + one.name + "; GRANT"));
    }
    CHECK(missing(installation).empty());
  }

  /// The same for what the options ask for.
  void take_each_away(jobs::Command command) {
    options.command = command;
    const ScopedEnvironment as_it({{"PGUSER", role}});
    jobs::Installation installation(options, "test", stop);
    take_each_away(installation);
  }

  std::int64_t job = 0;  ///< running, with a live trace and a resource
  std::string role = "guest_" + database.name();
};

}  // namespace

TEST_CASE("a role with db/grants.sql can do everything",
          "[postgres][program][schemas][queues]") {
  Guarded world;
  world.grant();
  CHECK(world.as_role({"check"}).status == 0);
  CHECK(world.as_role({"plan"}).status == 0);
  CHECK(world.as_role({"explain", "--analyze"}).status == 0);
  const Ended run =
      world.as_role({"run", "--expect-destroyed", "2", "--expect-dropped", "2",
                     "--expect-backlog", "0", "--trace-settle", "0"});
  INFO(run.err);
  CHECK(run.status == 0);
  CHECK(tests::Jobs(world).archive(world.job) == "a trace");
  CHECK(world.entries_left() == 0);
  CHECK(world.database.number("SELECT count(*) FROM ci_pipeline_artifacts "
                              "WHERE locked = 1") == 1);
  CHECK(world.violations().empty());
}

TEST_CASE("check names each privilege of db/grants.sql that is taken away",
          "[postgres][schemas]") {
  Guarded world;
  world.grant();
  world.take_each_away(jobs::Command::run);
}

TEST_CASE("check names each that a role for plan alone is without",
          "[postgres][schemas]") {
  Guarded world;
  world.grant({"plan=on"});
  world.take_each_away(jobs::Command::plan);
}

TEST_CASE("without jobs, no more is granted than is asked for",
          "[postgres][schemas]") {
  Guarded world;
  world.options.passes = {telemetry::Pass::unlocked, telemetry::Pass::legacy,
                          telemetry::Pass::objects};
  const bool plans = GENERATE(false, true);
  world.grant({"jobs=off", plans ? "plan=on" : "plan=off"});
  world.take_each_away(plans ? jobs::Command::plan : jobs::Command::run);
}

TEST_CASE("each way to keep statistics asks for its own privileges",
          "[postgres][schemas]") {
  const auto [word, way] = GENERATE(table<std::string, db::StatisticsWay>(
      {{"with-storage", db::StatisticsWay::with_storage},
       {"alone", db::StatisticsWay::alone},
       {"off", db::StatisticsWay::off}}));
  INFO(word);
  Guarded world;
  world.options.statistics = way;
  world.grant({"statistics=" + word});
  world.take_each_away(jobs::Command::run);
}

// Each looks only at its own tables, so that both may be in one database here.
TEST_CASE("across two databases check names what is taken away in either",
          "[postgres][schemas]") {
  Guarded world;
  const std::string half = GENERATE("ci", "main");
  world.grant({"half=" + half});
  world.database.grant({std::string("role=") + tests::program_role});
  const auto file = world.store.path() / "main.conninfo";
  std::ofstream(file) << "dbname=" << world.database.name() << " user="
                      << (half == "main" ? world.role : tests::program_role);
  std::filesystem::permissions(file, std::filesystem::perms::owner_read);
  world.options.main_conninfo_file = file.string();
  // What is not in one half alone, for the one that is not looked at.
  world.database.run(
      fmt::format("GRANT SELECT ON ALL TABLES IN SCHEMA public "
                  "TO {}",
                  tests::program_role));
  const ScopedEnvironment as_it(
      {{"PGUSER", half == "main" ? tests::program_role : world.role}});
  jobs::Installation installation(world.options, "test", world.stop);
  world.take_each_away(installation);
}

TEST_CASE("a role that lost a trigger's privileges is told so", "[postgres]") {
  Guarded world;
  world.database.run(
      "CREATE TABLE loose_foreign_keys_deleted_records (id bigserial, "
      "primary_key_value bigint, fully_qualified_table_name text); "
      "CREATE FUNCTION insert_into_loose_foreign_keys_deleted_records() "
      "RETURNS trigger LANGUAGE plpgsql AS $$BEGIN "
      "INSERT INTO loose_foreign_keys_deleted_records "
      "(fully_qualified_table_name, primary_key_value) "
      "SELECT TG_TABLE_NAME, id FROM old_table; RETURN NULL; END$$; "
      "CREATE TRIGGER record AFTER DELETE ON ci_pipeline_artifacts "
      "REFERENCING OLD TABLE AS old_table FOR EACH STATEMENT EXECUTE "
      "FUNCTION insert_into_loose_foreign_keys_deleted_records()");
  world.grant();
  world.take_each_away(jobs::Command::run);
  world.database.grant();
  CHECK(world.run().destroyed() == 2);
  CHECK(world.database.number("SELECT count(*) FROM "
                              "loose_foreign_keys_deleted_records") == 2);
}

TEST_CASE("a role for plan alone plans, and is refused to run",
          "[postgres][program]") {
  Guarded world;
  world.grant({"plan=on"});
  const std::string before = world.database.dump();
  const Ended plan = world.as_role({"plan", "--output=jsonl"});
  CHECK(plan.status == 0);
  CHECK(tests::lines_of(plan.out).size() == 4);
  const Ended run = world.as_role({"run"});
  CHECK(run.status == 78);
  CHECK(run.out.empty());
  CHECK(contains(complaint(run),
                 "missing: DELETE on ci_pipeline_artifacts, UPDATE of locked "
                 "on ci_pipeline_artifacts"));
  CHECK(world.database.dump() == before);
}

TEST_CASE("a run that lacks one is not begun", "[postgres][program]") {
  Guarded world;
  world.grant();
  const std::string before = world.database.dump();
  world.database.run("REVOKE UPDATE (pick_up_at) ON ci_deleted_objects FROM " +
                     world.role);
  const Ended run = world.as_role({"run"});
  CHECK(run.status == 78);
  CHECK(run.out.empty());
  CHECK(contains(complaint(run),
                 "missing: UPDATE of pick_up_at on ci_deleted_objects; GRANT"));
  CHECK(world.database.dump() == before);
  CHECK(world.files_left() == 5);
}

TEST_CASE("a role without any privilege is told all of them",
          "[postgres][program]") {
  Guarded world;
  const std::string before = world.database.dump();
  const Ended run = world.as_role({"run"});
  CHECK(run.status == 78);
  for (const char* const table : {"ci_pipeline_artifacts", "ci_deleted_objects",
                                  "ci_pipelines", "project_statistics"})
    CHECK(contains(complaint(run), table));

  const Ended check = world.as_role({"check"});
  CHECK(check.status == 78);
  CHECK(contains(check.out, "fail     privileges"));
  CHECK(check.err.empty());

  const Ended explain = world.as_role({"explain"});
  CHECK(explain.status == 78);
  CHECK(contains(complaint(explain), "permission denied"));
  CHECK(contains(complaint(explain), "'ci-janitor check'"));
  CHECK(world.database.dump() == before);
}

TEST_CASE("a role that may not use the schema, or connect, is told so",
          "[postgres][program]") {
  Guarded world;
  world.grant();
  world.database.run("REVOKE USAGE ON SCHEMA public FROM PUBLIC");
  CHECK(world.as_role({"check"}).status == 0);
  world.database.run("REVOKE USAGE ON SCHEMA public FROM " + world.role);
  const Ended blind = world.as_role({"check"});
  CHECK(blind.status == 78);
  CHECK(contains(blind.out, "USAGE on the schema"));

  const std::string database = " ON DATABASE " + world.database.name();
  world.grant();
  world.database.run("REVOKE CONNECT" + database + " FROM PUBLIC");
  CHECK(world.as_role({"check"}).status == 0);
  world.database.run("REVOKE CONNECT" + database + " FROM " + world.role);
  const Ended refused = world.as_role({"check"});
  CHECK(refused.status == 78);
  CHECK(contains(complaint(refused), "GRANT CONNECT"));
}
