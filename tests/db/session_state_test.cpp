// A pooler in transaction mode hands a session from one client to the next
// after every transaction: whatever a client leaves in it is met by a stranger.

#include "tests/faults/pooled_world.hpp"
#include "tests/support/postgres_server.hpp"

#include <catch2/catch.hpp>

#include <regex>
#include <sstream>

using Strings = std::vector<std::string>;

namespace {

struct Logged {
  bool extended = false;  ///< as our statements are; a pooler's are not
  std::string sql;
};

/// What the server wrote down of statements, each with all its lines.
std::vector<Logged> statements_in(const std::string& log) {
  static const std::regex begins("LOG:  (statement|execute [^:]+): (.*)");
  std::vector<Logged> statements;
  std::istringstream lines(log);
  bool within = false;
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (within && line.starts_with('\t')) {
      statements.back().sql += line + '\n';
    } else if (within = std::regex_search(line, match, begins); within) {
      const bool unnamed = match[1] == "execute <unnamed>";
      statements.push_back(
          {match[1] != "statement", (unnamed || match[1] == "statement"
                                         ? ""
                                         : "named: " + match[1].str() + ' ') +
                                        match[2].str() + '\n'});
    }
  }
  return statements;
}

/// What a session would keep of this statement, or nothing.
bool leaves_something(const Logged& statement) {
  // PgBouncer itself replays what a client said when it connected.
  static const std::regex replayed(
      "(SET (application_name|client_encoding|datestyle|timezone|"
      "standard_conforming_strings)='[^']*';)+\\s*|select 1\\s*",
      std::regex::icase);
  static const std::regex ours(
      "[\\s(]*(BEGIN|COMMIT|ROLLBACK|SELECT|WITH|INSERT|UPDATE|DELETE|EXPLAIN)"
      "\\b[^]*");
  static const std::regex session_wide(
      "pg_(try_)?advisory_(un)?lock|\\bTEMP(ORARY)?\\b|"
      "set_config\\([^()]*, *false *\\)",
      std::regex::icase);
  return !std::regex_match(statement.sql,
                           statement.extended ? ours : replayed) ||
         std::regex_search(statement.sql, session_wide);
}

Strings leaving_something(const std::vector<Logged>& statements) {
  Strings found;
  for (const Logged& statement : statements)
    if (leaves_something(statement))
      found.push_back(statement.sql);
  return found;
}

std::ptrdiff_t count(const std::vector<Logged>& statements,
                     const std::string& part) {
  return std::ranges::count_if(statements, [&](const Logged& statement) {
    return statement.sql.find(part) != std::string::npos;
  });
}

std::vector<Logged> logged_as(const std::string& kind, const std::string& sql) {
  return statements_in("2026-01-01 [1] name db LOG:  " + kind + ": " + sql);
}

}  // namespace

TEST_CASE("no statement leaves anything in its session", "[postgres]") {
  const tests::PostgresServer server({"log_statement=all"});
  const auto here = server.environment();
  tests::PooledWorld world;
  const std::size_t before = server.log().size();
  world.plan();
  CHECK(world.run_wide().outcome() == telemetry::Outcome::drained);
  const auto statements = statements_in(server.log().substr(before));

  CHECK(leaving_something(statements) == Strings{});
  // All passes were there.
  CHECK(world.left_over() == Strings{});
  CHECK(count(statements, "BEGIN ISOLATION LEVEL") > 100);
  CHECK(count(statements, "DELETE FROM") > 0);
}

TEST_CASE("the search for session state finds each kind of it", "[unit]") {
  for (const std::string sql :
       {"SET geqo = off", "PREPARE a AS SELECT 1", "LISTEN a",
        "CREATE TEMP TABLE a ()", "SELECT 1 INTO TEMPORARY a",
        "SELECT pg_advisory_lock(1)", "SELECT pg_try_advisory_lock(1)",
        "SELECT set_config('geqo', 'off', false)", "DISCARD ALL"}) {
    INFO(sql);
    CHECK(leaving_something(logged_as("execute <unnamed>", sql)).size() == 1);
    CHECK(leaving_something(logged_as("statement", sql)).size() == 1);
  }
  CHECK(leaving_something(logged_as("execute a", "SELECT 1")).size() == 1);
  CHECK(leaving_something(
            logged_as("execute <unnamed>",
                      "\n\tSELECT set_config('geqo', $1, true),\n\t\t2"))
            .empty());
  CHECK(leaving_something(logged_as("statement",
                                    "SET application_name='a';SET "
                                    "client_encoding='UTF8';"))
            .empty());
}
