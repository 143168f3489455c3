#include "tests/support/test_database.hpp"

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <stdexcept>
#include <string_view>
#include <thread>

#include "tests/support/program.hpp"
#include "tests/support/schema_era.hpp"

namespace tests {
namespace {

constexpr const char* maintenance_database = "postgres";

// The template's name tells its schema and who may do what there, so that a
// server that is kept running between two builds never serves an old one.
std::string template_name(const std::string& schema) {
  std::ifstream grants(JANITOR_GRANTS_SCRIPT);
  const std::string text{std::istreambuf_iterator<char>(grants), {}};
  return "janitor_template_" +
         std::to_string(std::hash<std::string>{}(schema + text));
}

bool exists(LibpqSession& session, const std::string& database) {
  return !session
              .run("SELECT FROM pg_database WHERE datname = '" + database + "'")
              .empty();
}

/// As the owner would, with psql.
void grant_in(const std::string& database,
              const std::vector<std::string>& settings = {}) {
  std::vector<std::string> command{"/usr/bin/env",       "psql", "-X",     "-U",
                                   owner_role,           "-d",   database, "-f",
                                   JANITOR_GRANTS_SCRIPT};
  for (const std::string& setting : settings)
    command.insert(command.end(), {"-v", setting});
  const Ended granted = run_program(command);
  if (granted.status != 0 || !(granted.out + granted.err).empty())
    throw std::runtime_error("db/grants.sql: " + granted.out + granted.err);
}

// Roles are the cluster's, and stay; what is granted is in the template.
void ensure_role(LibpqSession& session) {
  if (session
          .run(std::string("SELECT FROM pg_roles WHERE rolname = '") +
               program_role + "'")
          .empty())
    session.run(std::string("CREATE ROLE ") + program_role + " LOGIN");
}

// Made under another name and renamed when it is whole: a test process killed
// half way leaves nothing that the next one would take for a template.
void make_template(LibpqSession& session, const std::string& name,
                   const std::string& schema) {
  const std::string unfinished = name + "_unfinished";
  session.run("DROP DATABASE IF EXISTS " + unfinished + " WITH (FORCE)");
  session.run("CREATE DATABASE " + unfinished + " TEMPLATE template0");
  LibpqSession(unfinished).run(schema);
  ensure_role(session);
  grant_in(unfinished);
  // Its server process may take a moment to notice that the session has ended.
  end_sessions(session, "datname = '" + unfinished + "'");
  session.run("ALTER DATABASE " + unfinished + " RENAME TO " + name);
}

// Test processes run side by side, and each may be the first.
std::string ensure_template(LibpqSession& session) {
  const std::string schema = schema_era().sql();
  const std::string name = template_name(schema);
  if (exists(session, name))
    return name;
  session.run("SELECT pg_advisory_lock(hashtext('janitor_template'))");
  if (!exists(session, name))
    make_template(session, name, schema);
  session.run("SELECT pg_advisory_unlock(hashtext('janitor_template'))");
  return name;
}

std::string create_database() {
  static int count = 0;
  const std::string name = "janitor_test_" + std::to_string(::getpid()) + "_" +
                           std::to_string(++count);
  LibpqSession session(maintenance_database);
  const std::string from = ensure_template(session);
  session.run("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)");
  session.run("CREATE DATABASE " + name + " TEMPLATE " + from);
  return name;
}

}  // namespace

TestDatabase::TestDatabase()
    : name_(create_database()),
      environment_({{"PGDATABASE", name_}}),
      session_(name_) {}

TestDatabase::~TestDatabase() {
  if (std::getenv("JANITOR_KEEP_TEST_DATABASE"))
    return;
  try {
    LibpqSession(maintenance_database)
        .run("DROP DATABASE IF EXISTS " + name_ + " WITH (FORCE)");
  } catch (const std::exception&) {
    // The server is gone, and takes the database along; what the test found
    // matters more.
  }
}

void TestDatabase::grant(const std::vector<std::string>& settings) {
  grant_in(name_, settings);
}

void TestDatabase::grant_anew(const std::vector<std::string>& settings) {
  for (const char* const kind : {"TABLES", "SEQUENCES"})
    run(std::string("REVOKE ALL ON ALL ") + kind + " IN SCHEMA public FROM " +
        program_role);
  grant(settings);
}

void TestDatabase::reconnect() {
  session_ = LibpqSession(name_);
}

void TestDatabase::run(const std::string& sql) {
  session_.run(sql);
}

std::string TestDatabase::value(const std::string& sql) {
  const std::vector<std::string> values = column(sql);
  if (values.size() != 1)
    throw std::runtime_error(std::to_string(values.size()) +
                             " rows where one was expected: " + sql);
  return values.front();
}

std::int64_t TestDatabase::number(const std::string& sql) {
  return std::stoll(value(sql));
}

std::vector<std::string> TestDatabase::column(const std::string& sql) {
  std::vector<std::string> values;
  for (const Row& row : session_.run(sql))
    values.push_back(row.at(0).value_or("NULL"));
  return values;
}

std::vector<std::vector<std::string>> TestDatabase::rows(
    const std::string& sql) {
  std::vector<std::vector<std::string>> all;
  for (const Row& row : session_.run(sql)) {
    std::vector<std::string>& fields = all.emplace_back();
    for (const auto& field : row)
      fields.push_back(field.value_or("NULL"));
  }
  return all;
}

void TestDatabase::flush_statistics() {
  if (number("SELECT current_setting('server_version_num')::integer") >=
      150000) {
    run("SELECT pg_stat_force_next_flush()");
    return;
  }
  for (int round = 0; round < 2; ++round) {
    run("SELECT 1");
    std::this_thread::sleep_for(std::chrono::milliseconds{700});
  }
}

std::string TestDatabase::dump() {
  // Ordinary tables only: a partitioned one shows its partitions' rows again.
  const std::vector<std::string> tables = column(
      "SELECT format('%I.%I', nspname, relname) FROM pg_class "
      "JOIN pg_namespace ON pg_namespace.oid = relnamespace "
      "WHERE relkind = 'r' AND nspname NOT LIKE 'pg\\_%' "
      "AND nspname <> 'information_schema' ORDER BY 1");
  std::string text;
  for (const std::string& table : tables) {
    text += table + "\n";
    for (const std::string& row :
         column("SELECT t::text FROM " + table + " t ORDER BY 1"))
      text += "  " + row + "\n";
  }
  return text;
}

}  // namespace tests
