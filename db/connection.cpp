#include "db/connection.hpp"

#include "db/connecting.hpp"
#include "db/exchange.hpp"
#include "db/tables.hpp"
#include "telemetry/fault_point.hpp"

#include <libpq-fe.h>
#include <poll.h>

namespace db {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// READ COMMITTED and READ WRITE are said because a role's defaults may differ.
const Query begin_reading{"begin",
                          "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY"};
const Query begin_writing{"begin",
                          "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"};
const Query commit{"commit", "COMMIT"};
const Query roll_back{"rollback", "ROLLBACK"};

// Five seconds: a node that died must not hold row locks for longer.
//
// Here the role's search_path still counts, which may have other schemas before
// pg_catalog: what is said by a sign or a type's name is qualified too.
const std::string bounds_text = R"sql(
SELECT pg_catalog.set_config('statement_timeout', $1, true),
       pg_catalog.set_config('lock_timeout', $2, true),
       pg_catalog.set_config('idle_in_transaction_session_timeout', '5000', true),
       pg_catalog.set_config(
           'search_path',
           CASE WHEN $3 OPERATOR(pg_catalog.<>) '' THEN $3
                ELSE pg_catalog.current_setting('search_path') END,
           true),
       pg_catalog.set_config('application_name', $4, true),
       pg_catalog.set_config('enable_seqscan', $5, true),
       pg_catalog.set_config('enable_bitmapscan', $5, true)
)sql";
const Query set_bounds{"bounds", bounds_text};
// The id comes before the work and is flushed at once, so that it is known
// here when the connection breaks at COMMIT.
const Query set_bounds_and_name_transaction{
    "bounds",
    bounds_text + ", pg_catalog.pg_current_xact_id()::pg_catalog.text"};

Parameters bounds(const Session& session, milliseconds statement_timeout,
                  bool in_index_order) {
  return Parameters()
      .add(std::to_string(statement_timeout.count()))
      .add(std::to_string(session.lock_timeout.count()))
      .add(session.search_path)
      .add(session.application_name)
      .add(std::string_view(in_index_order ? "off" : "on"));
}

/// It takes a few microseconds, where a round trip takes a hundred.
Query written(const Query& query, const Session& session) {
  if (!session.tables)
    return query;
  return {query.name, session.tables->write(query.sql), query.in_index_order};
}

/// "cannot set transaction read-write mode during recovery" comes as 0A000,
/// feature not supported; a statement that writes, as 25006.
bool says_that_it_is_a_standby(const Error& error, const Session& session) {
  return !session.read_only &&
         (error.sqlstate() == "25006" ||
          (error.sqlstate() == "0A000" && error.query() == begin_writing.name));
}

/// A server that failed the statement has committed nothing.  A pooler that
/// gave up says so in the server's place (PgBouncer by 08P01), while the server
/// may have been sent all of the transaction, and carry it out.
bool is_of_server(const Error& error) {
  return !error.sqlstate().starts_with("08");
}

/// The warnings of a session are nobody's output.
void ignore_notice(void* /*unused*/, const PGresult* /*result*/) {}

}  // namespace

void Connection::Finish::operator()(pg_conn* handle) const noexcept {
  PQfinish(handle);
}

Connection::Connection(const std::string& application_name,
                       milliseconds timeout, const Address& address) {
  refuse_unreadable(address.conninfo);
  // A dead network is noticed within half a minute, not two hours.
  // libpq reads a dbname that is a conninfo string, and lets the keywords after
  // it overrule it; an empty value is none.
  const char* const keywords[] = {
      "dbname",           "service",          "application_name",
      "client_encoding",  "keepalives_idle",  "keepalives_interval",
      "keepalives_count", "tcp_user_timeout", nullptr};
  const char* const values[] = {address.conninfo.c_str(),
                                address.service.c_str(),
                                application_name.c_str(),
                                "UTF8",
                                "10",
                                "5",
                                "3",
                                "25000",
                                nullptr};
  handle_.reset(PQconnectStartParams(keywords, values, /*expand_dbname=*/1));
  finish_connecting(handle_.get(), timeout);
  PQsetNoticeReceiver(handle_.get(), ignore_notice, nullptr);
  PQsetnonblocking(handle_.get(), 1);
  PQenterPipelineMode(handle_.get());
}

void Connection::execute(const Session& session, const Query& query,
                         const Parameters& parameters, const RowSink& sink) {
  run(session, query, parameters, commit, sink);
}

void Connection::execute_and_roll_back(const Session& session,
                                       const Query& query,
                                       const Parameters& parameters,
                                       const RowSink& sink) {
  run(session, query, parameters, roll_back, sink);
}

void Connection::run(const Session& session, const Query& query,
                     const Parameters& parameters, const Query& last,
                     const RowSink& sink) {
  const auto began = steady_clock::now();
  const milliseconds timeout =
      session.deadline.at_most(session.statement_timeout);
  const Query& begin = session.read_only ? begin_reading : begin_writing;
  const Query& first =
      session.read_only ? set_bounds : set_bounds_and_name_transaction;

  Exchange exchange(handle_.get(), timeout + std::chrono::seconds{10});
  std::string transaction;
  bool rows_complete = false;
  try {
    exchange.send(begin, {});
    exchange.send(first, bounds(session, timeout, query.in_index_order));
    exchange.ask_for_answer();
    exchange.send(written(query, session), parameters);
    exchange.send(last, {});
    exchange.sync();

    exchange.answer(begin);
    exchange.answer(first, [&](const Row& row) {
      if (!session.read_only)
        transaction = row.text(7);
    });
    rows_complete = exchange.answer(
        query, sink ? sink : [](const Row&) {});
    telemetry::fault_point("db.before_commit_answer");
    exchange.answer(last);
    exchange.finish();
  } catch (const Error& error) {
    handle_.reset();
    // What the server said itself before it went is no doubt: 57P01 in the
    // statement means that nothing was committed.
    const Error& said = exchange.error() ? *exchange.error() : error;
    if (exchange.error() && !rows_complete && is_of_server(said))
      throw Error(said);
    if (session.read_only)
      throw Error(query.name, "", said.message());
    throw CommitUnknown(query.name, said.message(), transaction, rows_complete);
  }
  if (session.times)
    session.times->record(steady_clock::now() - began, query.name);
  if (exchange.error())
    fail(session, query, *exchange.error());
  // After a failed statement the server answers COMMIT with ROLLBACK, and
  // libpq calls that a success.
  if (exchange.tag() != last.sql)
    throw Error(query.name, "25P02", "the transaction was rolled back");
}

/// The server refused the statement; the session is good for others, unless it
/// leads to a standby.
void Connection::fail(const Session& session, const Query& query,
                      const Error& error) {
  if (says_that_it_is_a_standby(error, session)) {
    handle_.reset();
    throw Error(query.name, "25006",
                "this server is a standby, which can't be written to");
  }
  leave_failed_transaction();
  throw Error(error);
}

void Connection::leave_failed_transaction() {
  // The failed BEGIN ... COMMIT was skipped up to the sync, so the session
  // still stands in the transaction.
  try {
    Exchange exchange(handle_.get(), std::chrono::seconds{10});
    exchange.send(roll_back, {});
    exchange.sync();
    exchange.answer(roll_back);
    exchange.finish();
  } catch (const Error&) {
    handle_.reset();
  }
}

bool Connection::usable() const {
  if (!handle_ || PQstatus(handle_.get()) != CONNECTION_OK)
    return false;
  // Between statements the server speaks only to say that it ends the session.
  pollfd socket{PQsocket(handle_.get()), POLLIN, 0};
  return poll(&socket, 1, 0) == 0;
}

bool Connection::is_pooled(std::int64_t backend_pid) const {
  return PQbackendPID(handle_.get()) != backend_pid;
}

std::string Connection::description() const {
  return std::string("database '") + PQdb(handle_.get()) + "' at '" +
         PQhost(handle_.get()) + "'";
}

}  // namespace db
