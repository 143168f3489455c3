#include "tests/support/libpq_session.hpp"

#include "tests/support/schema_era.hpp"

#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <thread>

namespace tests {
namespace {

struct Clear {
  void operator()(PGresult* result) const noexcept { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, Clear>;

Row row_of(const PGresult* result, int number) {
  Row row;
  for (int field = 0; field < PQnfields(result); ++field) {
    if (PQgetisnull(result, number, field))
      row.emplace_back();
    else
      row.emplace_back(PQgetvalue(result, number, field));
  }
  return row;
}

std::vector<Row> rows_of(const PGresult* result) {
  std::vector<Row> rows;
  for (int number = 0; number < PQntuples(result); ++number)
    rows.push_back(row_of(result, number));
  return rows;
}

}  // namespace

LibpqSession::LibpqSession(const std::string& database,
                           const std::string& host) {
  if (!std::getenv("PGHOST"))
    throw std::runtime_error(
        "these tests need a PostgreSQL server: run './dev test', or "
        "'tests/support/postgres with DIR ctest ...'");

  // A host that is named is meant, whatever PGTARGETSESSIONATTRS prefers.
  const char* const keywords[] = {
      "application_name",     "user", "dbname", "host",
      "target_session_attrs", nullptr};
  const char* const values[] = {"janitor-tests",
                                owner_role,
                                database.empty() ? nullptr : database.c_str(),
                                host.empty() ? nullptr : host.c_str(),
                                host.empty() ? nullptr : "any",
                                nullptr};
  handle_.reset(PQconnectdbParams(keywords, values, 0));
  if (PQstatus(handle_.get()) != CONNECTION_OK)
    throw std::runtime_error(PQerrorMessage(handle_.get()));
  // "drop cascades to ..." and the like would only clutter a test's output.
  PQsetNoticeProcessor(
      handle_.get(), [](void*, const char*) {}, nullptr);
  // See tests/support/schema/test_names.sql.  Set for the session, since a
  // pooler takes no options at its start.
  if (!schema_era().name().empty())
    run("SET search_path TO test_names, public");
}

std::vector<Row> LibpqSession::run(const std::string& sql) {
  send(sql);
  return finish();
}

void LibpqSession::send(const std::string& sql) {
  if (!PQsendQuery(handle_.get(), sql.c_str()))
    throw std::runtime_error(PQerrorMessage(handle_.get()));
}

std::vector<Row> LibpqSession::finish() {
  std::vector<Row> rows;
  std::string complaint;
  while (const Result result{PQgetResult(handle_.get())}) {
    const ExecStatusType status = PQresultStatus(result.get());
    if (status == PGRES_TUPLES_OK)
      rows = rows_of(result.get());
    else if (status != PGRES_COMMAND_OK && status != PGRES_EMPTY_QUERY)
      complaint += PQresultErrorMessage(result.get());
  }
  if (!complaint.empty())
    throw std::runtime_error(complaint);
  return rows;
}

bool LibpqSession::busy() {
  PQconsumeInput(handle_.get());
  return PQisBusy(handle_.get());
}

std::size_t end_sessions(LibpqSession& session, const std::string& condition) {
  std::string ended = "0";
  const std::vector<Row> rows = session.run(
      "SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity WHERE " +
      condition);
  for (const Row& row : rows)
    ended += "," + row.at(0).value();
  while (
      !session.run("SELECT FROM pg_stat_activity WHERE pid IN (" + ended + ")")
           .empty())
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  return rows.size();
}

}  // namespace tests
