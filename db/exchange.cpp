#include "db/exchange.hpp"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>

namespace db {

Exchange::Exchange(pg_conn* handle, std::chrono::milliseconds patience)
    : handle_(handle), until_(std::chrono::steady_clock::now() + patience) {}

void Exchange::Clear::operator()(pg_result* result) const noexcept {
  PQclear(result);
}

void Exchange::send(const Query& query, const Parameters& parameters) {
  if (!PQsendQueryParams(handle_, query.sql.c_str(), parameters.count(),
                         parameters.types(), parameters.values().data(),
                         parameters.lengths().data(),
                         parameters.formats().data(), /*resultFormat=*/1))
    lost(PQerrorMessage(handle_));
}

void Exchange::ask_for_answer() {
  if (!PQsendFlushRequest(handle_))
    lost(PQerrorMessage(handle_));
}

void Exchange::sync() {
  if (!PQpipelineSync(handle_))
    lost(PQerrorMessage(handle_));
}

bool Exchange::answer(const Query& query, const RowSink& sink) {
  // Single-row mode bounds what libpq holds, whatever the page size is.
  if (sink)
    PQsetSingleRowMode(handle_);
  bool succeeded = true;
  while (const Result result = next()) {
    take(query, result, sink);
    const auto status = PQresultStatus(result.get());
    succeeded = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ||
                status == PGRES_SINGLE_TUPLE;
  }
  return succeeded;
}

void Exchange::take(const Query& query, const Result& result,
                    const RowSink& sink) {
  switch (PQresultStatus(result.get())) {
    case PGRES_SINGLE_TUPLE:
      for (int row = 0; sink && row < PQntuples(result.get()); ++row)
        sink(Row(result.get(), row));
      break;
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
      tag_ = PQcmdStatus(result.get());
      break;
    case PGRES_PIPELINE_ABORTED:
      break;
    default: {
      const char* const state =
          PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
      const char* const message =
          PQresultErrorField(result.get(), PG_DIAG_MESSAGE_PRIMARY);
      if (!state)
        lost(PQresultErrorMessage(result.get()));
      if (!error_)
        error_.emplace(query.name, state, message ? message : "");
    }
  }
}

void Exchange::finish() {
  // A null result parts two statements; the sync itself is a result.
  for (int nulls = 0; nulls < 2;) {
    const Result result = next();
    if (!result)
      ++nulls;
    else if (PQresultStatus(result.get()) == PGRES_PIPELINE_SYNC)
      return;
  }
  lost("the answer ended too early");
}

Exchange::Result Exchange::next() {
  for (;;) {
    const int unsent = PQflush(handle_);
    if (unsent < 0)
      lost(PQerrorMessage(handle_));
    if (!PQisBusy(handle_))
      return Result(PQgetResult(handle_));
    wait(unsent > 0);
  }
}

void Exchange::wait(bool to_write) {
  using std::chrono::milliseconds;
  const auto left = std::chrono::ceil<milliseconds>(
      until_ - std::chrono::steady_clock::now());
  if (left.count() <= 0)
    lost("no answer from the server within its time");
  const auto events = static_cast<short>(POLLIN | (to_write ? POLLOUT : 0));
  pollfd socket{PQsocket(handle_), events, 0};
  const int ready =
      poll(&socket, 1,
           static_cast<int>(std::min<std::int64_t>(left.count(), 60000)));
  if (ready < 0 && errno != EINTR)
    lost("poll failed");
  if (ready > 0 && (socket.revents & ~POLLOUT) != 0 &&
      !PQconsumeInput(handle_) && PQisBusy(handle_))
    lost(PQerrorMessage(handle_));
}

void Exchange::lost(const std::string& why) const {
  throw Error("session", "", why.empty() ? "the connection was lost" : why);
}

}  // namespace db
