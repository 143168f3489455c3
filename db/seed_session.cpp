#include "db/seed_session.hpp"

#include "db/connection.hpp"

#include <libpq-fe.h>

#include <chrono>

namespace db {
namespace {

constexpr const char* program = "ci-janitor-seed";

struct Clear {
  void operator()(PGresult* result) const noexcept { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, Clear>;

void check(PGconn* handle, const Query& query, const PGresult* result) {
  const ExecStatusType status = PQresultStatus(result);
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
    return;
  const char* const state =
      result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : nullptr;
  throw Error(query.name, state ? state : "", PQerrorMessage(handle));
}

}  // namespace

void SeedSession::Finish::operator()(pg_conn* handle) const noexcept {
  PQfinish(handle);
}

SeedSession::SeedSession() {
  // A Connection knows which refusals are for good; one handshake is cheap.
  const Connection probe(program, std::chrono::seconds{10});

  const char* const keywords[] = {"application_name", "client_encoding",
                                  nullptr};
  const char* const values[] = {program, "UTF8", nullptr};
  handle_.reset(PQconnectdbParams(keywords, values, /*expand_dbname=*/0));
  if (PQstatus(handle_.get()) != CONNECTION_OK)
    throw Unreachable("connect", "", PQerrorMessage(handle_.get()));
  PQsetNoticeReceiver(
      handle_.get(), [](void*, const PGresult*) {}, nullptr);
}

void SeedSession::run(const Query& query, const Parameters& parameters,
                      const RowSink& sink) {
  const Result result(PQexecParams(
      handle_.get(), query.sql.c_str(), parameters.count(), parameters.types(),
      parameters.values().data(), parameters.lengths().data(),
      parameters.formats().data(), /*resultFormat=*/1));
  check(handle_.get(), query, result.get());
  for (int row = 0; sink && row < PQntuples(result.get()); ++row)
    sink(Row(result.get(), row));
}

void SeedSession::run_script(const Query& query) {
  const Result result(PQexec(handle_.get(), query.sql.c_str()));
  check(handle_.get(), query, result.get());
}

}  // namespace db
