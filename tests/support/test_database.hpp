#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/libpq_session.hpp"
#include "tests/support/scoped_environment.hpp"

namespace tests {

/// Whom the program under test is, in a World: a role with the privileges of
/// db/grants.sql and no others.
inline constexpr const char* program_role = "ci_janitor";

/// A database of the test's own, with the tables of schema_era() (those of
/// db/schema.sql, unless JANITOR_TEST_SCHEMA says else) and no rows: made by
/// the constructor, dropped by the destructor, whoever is connected, unless
/// JANITOR_KEEP_TEST_DATABASE is set.  For as long as it lives PGDATABASE names
/// it, so that the code under test connects to it.
///
///     tests::TestDatabase database;
///     database.run("INSERT INTO projects (id) VALUES (1)");
///     CHECK(database.number("SELECT count(*) FROM projects") == 1);
class TestDatabase {
 public:
  /// \throws std::runtime_error where there is no server (PGHOST is not set).
  TestDatabase();
  ~TestDatabase();
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }

  /// Give program_role the privileges of db/grants.sql: once more, where the
  /// test has made or changed tables.
  /// \param settings of that script: "plan=on", "role=somebody"
  /// \throws std::runtime_error with what psql says.
  void grant(const std::vector<std::string>& settings = {});
  /// Take from program_role first what it has on tables and sequences.
  void grant_anew(const std::vector<std::string>& settings);

  /// The server was failed over, or started again.
  void reconnect();

  /// Run statements.  This and all below throw std::runtime_error with the
  /// server's message.
  void run(const std::string& sql);
  /// The only field of the only row; NULL is "NULL", here and below.
  std::string value(const std::string& sql);
  /// The only field of the only row, as a number.
  std::int64_t number(const std::string& sql);
  /// The first field of every row.
  std::vector<std::string> column(const std::string& sql);
  std::vector<std::vector<std::string>> rows(const std::string& sql);

  /// Have the session's figures in pg_stat_all_tables and its like.  Servers
  /// before 15 take them twice a second.
  void flush_statistics();

  /// Every row of every table, one a line after its table's name, ordered by
  /// their text: two dumps are equal if and only if nothing was changed.
  std::string dump();

 private:
  std::string name_;
  ScopedEnvironment environment_;
  LibpqSession session_;
};

/// One more session with the database that PGDATABASE names, to stand in the
/// way of the code under test: it can hold a transaction open.
///
///     tests::TestSession other;
///     other.begin();
///     other.run("SELECT FROM ci_pipeline_artifacts WHERE id = 1 FOR UPDATE");
///     ...
///     other.rollback();
class TestSession {
 public:
  void begin() { session_.run("BEGIN"); }
  std::vector<Row> run(const std::string& sql) { return session_.run(sql); }
  void commit() { session_.run("COMMIT"); }
  void rollback() { session_.run("ROLLBACK"); }

  /// Send statements and do not wait for them: they may have to wait for locks.
  void send(const std::string& sql) { session_.send(sql); }
  [[nodiscard]] bool busy() { return session_.busy(); }
  /// Wait for what send() sent.
  std::vector<Row> finish() { return session_.finish(); }

  /// As pg_stat_activity and pg_locks know it.
  [[nodiscard]] int process_id() const { return session_.process_id(); }

 private:
  LibpqSession session_;
};

}  // namespace tests
