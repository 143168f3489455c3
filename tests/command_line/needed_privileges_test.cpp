#include "tests/support/jobs.hpp"
#include "tests/support/postgres_server.hpp"
#include "tests/support/schema_era.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <regex>
#include <set>
#include <sstream>

using tests::World;

namespace {

/// The statements that the program has sent, as the server's log tells them.
std::set<std::string> statements_in(const std::string& log) {
  const std::regex begin(
      "^\\d{4}-\\d\\d-\\d\\d .*? ci-janitor .*LOG:  execute "
      "<unnamed>: (.*)$");
  std::set<std::string> statements;
  std::istringstream file(log);
  std::string statement;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("\t")) {
      if (!statement.empty())
        statement += "\n" + line;
      continue;
    }
    statements.insert(std::exchange(statement, ""));
    if (std::smatch match; std::regex_match(line, match, begin))
      statement = match[1].str() + " ";
  }
  statements.insert(statement);
  std::erase_if(statements, [](const std::string& text) {
    return text.find("public.") == std::string::npos ||
           text.starts_with("EXPLAIN");
  });
  return statements;
}

/// A session of the role, with each of the statements prepared, so that it can
/// be asked for its plan: PostgreSQL then looks at privileges, and runs
/// nothing.
struct Asking {
  explicit Asking(const std::set<std::string>& statements) {
    session.run("SET search_path = public, pg_temp");
    // Or conditions on the NULLs that stand for values are planned away, and
    // with them what they are about.
    session.run("SET plan_cache_mode = force_generic_plan");
    for (const std::string& statement : statements)
      prepare(statement);
    session.run(std::string("SET ROLE ") + tests::program_role);
  }

  void prepare(const std::string& statement) {
    const std::string name = fmt::format("s{}", questions.size());
    session.run("PREPARE " + name + " AS " + statement);
    questions.push_back("EXPLAIN EXECUTE " +
                        session
                            .run("SELECT name || coalesce('(' || "
                                 "nullif(array_to_string(array_fill("
                                 "'NULL'::text, ARRAY[cardinality("
                                 "parameter_types)]), ', '), '') || ')', '') "
                                 "FROM pg_prepared_statements WHERE name = '" +
                                 name + "'")
                            .at(0)
                            .at(0)
                            .value());
  }

  /// Whether one of them is refused to the role as it is now.
  bool misses_something() {
    return std::ranges::any_of(questions, [&](const std::string& question) {
      try {
        session.run(question);
        return false;
      } catch (const std::exception& error) {
        return std::string(error.what()).find("permission denied") !=
               std::string::npos;
      }
    });
  }

  tests::TestSession session;
  std::vector<std::string> questions;
};

/// Work for every pass, of every kind.
void add_work(World& world) {
  world.add_live();
  world.add({.locked = tests::schema_era().has_lock_column() ? "0" : "2"});
  world.add({.locked = "2"});
  world.add({.locked = "2", .pipeline_locked = 1});
  world.add_entry("left/over", "old.zip");
  tests::Jobs jobs(world);
  const auto user = jobs.user();
  const auto pipeline = jobs.pipeline(user);
  const auto job = jobs.job(pipeline);
  jobs.job(pipeline, {.status = "pending"});
  jobs.hold_resource(jobs.resource_group("production"), job);
  jobs.chunk(job, 0, "a trace");
  world.database.run(fmt::format(
      "INSERT INTO ci_pipeline_schedules (owner_id, active) VALUES ({}, true)",
      user));
}

/// On tables; that of a sequence is not looked at before an id is taken.
std::vector<std::string> given(tests::TestDatabase& database) {
  return database.column(fmt::format(
      "SELECT format('%s (%I) ON %s', privilege_type, attname, "
      "attrelid::regclass) "
      "FROM pg_attribute, aclexplode(attacl) AS acl "
      "WHERE grantee = '{0}'::regrole "
      "UNION ALL "
      "SELECT format('%s ON %s', privilege_type, oid::regclass) "
      "FROM pg_class, aclexplode(relacl) AS acl "
      "WHERE grantee = '{0}'::regrole AND relkind <> 'S' ORDER BY 1",
      tests::program_role));
}

/// Those that no statement is refused without.
std::vector<std::string> superfluous(World& world, Asking& asking) {
  std::vector<std::string> found;
  for (const std::string& what : given(world.database)) {
    world.database.run("REVOKE " + what + " FROM " + tests::program_role);
    if (!asking.misses_something())
      found.push_back(what);
    world.database.run("GRANT " + what + " TO " + tests::program_role);
  }
  return found;
}

}  // namespace

TEST_CASE("what db/grants.sql grants is needed by a statement, each of it",
          "[postgres][schemas][slow]") {
  const tests::PostgresServer server({"log_statement=all"});
  const auto here = server.environment();
  World world;
  add_work(world);
  world.options.trace_settle = std::chrono::seconds{0};
  world.plan();
  const telemetry::Report& report = world.run();
  REQUIRE(report.pass(telemetry::Pass::builds).dropped == 2);
  REQUIRE(report.pass(telemetry::Pass::traces).archived == 1);

  const auto statements = statements_in(server.log());
  REQUIRE(statements.size() > 20);
  Asking asking(statements);
  REQUIRE_FALSE(asking.misses_something());
  CHECK(superfluous(world, asking) == std::vector<std::string>{});
}

TEST_CASE("what a role for plan alone is granted is needed, each of it",
          "[postgres][schemas][slow]") {
  const tests::PostgresServer server({"log_statement=all"});
  const auto here = server.environment();
  World world;
  add_work(world);
  world.database.grant_anew({"plan=on"});
  world.options.stale_traces = true;
  tests::Jobs jobs(world);
  jobs.chunk(jobs.dropped_job(jobs.pipeline(jobs.user()), "1 day"), 0, "bytes");
  CHECK(world.plan().pass(telemetry::Pass::traces).archived == 1);

  Asking asking(statements_in(server.log()));
  REQUIRE_FALSE(asking.misses_something());
  CHECK(superfluous(world, asking) == std::vector<std::string>{});
}
