#include "db/pool.hpp"

#include <spdlog/spdlog.h>

#include <chrono>
#include <thread>

namespace db {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds connect_timeout{5000};
/// Waits between tries: a server that is started again is back within seconds.
constexpr milliseconds waits[] = {milliseconds{250}, milliseconds{500},
                                  milliseconds{1000}, milliseconds{2000},
                                  milliseconds{4000}};

void sleep_unless(const std::atomic<bool>& stop, milliseconds duration) {
  const auto until = steady_clock::now() + duration;
  while (!stop && steady_clock::now() < until)
    std::this_thread::sleep_for(milliseconds{50});
}

// A standby is asked for no more: it has no place in the WAL of its own.
const Query read_timeline{"pool.timeline", R"sql(
SELECT CASE WHEN pg_is_in_recovery() THEN NULL
            ELSE left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) END
)sql"};

const Query greet{"pool.greet", "SELECT 1"};

const Query xact_status{"xact.status", R"sql(
SELECT pg_xact_status($1::text::xid8)
)sql"};

/// However it ends: one that failed has been given an id as well.
struct CountedWrite {
  CountedWrite(OwnWrites& all, const Session& session)
      : writes(session.read_only ? nullptr : &all) {
    if (writes)
      ++writes->begun;
  }
  ~CountedWrite() {
    if (writes)
      ++writes->ended;
  }
  CountedWrite(const CountedWrite&) = delete;
  CountedWrite& operator=(const CountedWrite&) = delete;

  OwnWrites* writes;
};

/// A pooler lets us in where it has no server to lend, as in the first second
/// after that was started again, and says so at the first statement.
void require_answer(Connection& connection, const std::string& name) {
  Session session;
  session.application_name = name;
  try {
    connection.execute(session, greet, {}, {});
  } catch (const Error& error) {
    if (error.connection_lost())
      throw Unreachable("connect", error.sqlstate(), error.what());
    // Whoever wants to know more will be told the same.
    spdlog::debug(error.what());
  }
}

}  // namespace

Pool::Pool(std::string application_name, const std::atomic<bool>& stop,
           Address address)
    : application_name_(std::move(application_name)),
      address_(std::move(address)),
      stop_(stop) {}

Pool::Lease::~Lease() {
  if (!connection_)
    return;
  pool_->gate_.leave(since_);
  if (connection_->usable())
    pool_->give_back(std::move(connection_));
}

Pool::Lease Pool::acquire(const telemetry::Deadline& deadline) {
  const Gate::Clock::time_point since = gate_.enter(stop_, deadline);
  try {
    return {*this, find(), since};
  } catch (...) {
    gate_.leave(since);
    throw;
  }
}

std::unique_ptr<Connection> Pool::find() {
  if (std::unique_ptr<Connection> idle = take_idle())
    return idle;
  for (const milliseconds wait : waits) {
    try {
      return open();
    } catch (const FailedOver&) {
      throw;
    } catch (const Unreachable& error) {
      if (stop_)
        throw;
      spdlog::warn("{}; trying again in {} ms", error.what(), wait.count());
      sleep_unless(stop_, wait);
    }
  }
  return open();
}

/// Those that ended while they were idle are dropped: a server that was started
/// again has ended all, and each would cost its finder one of three tries.
std::unique_ptr<Connection> Pool::take_idle() {
  const std::lock_guard lock(mutex_);
  while (!idle_.empty()) {
    std::unique_ptr<Connection> connection = std::move(idle_.back());
    idle_.pop_back();
    if (connection->usable())
      return connection;
  }
  return nullptr;
}

std::unique_ptr<Connection> Pool::open() {
  auto connection = std::make_unique<Connection>(application_name_,
                                                 connect_timeout, address_);
  if (timeline_.empty())
    require_answer(*connection, application_name_);
  else
    require_same_primary(*connection);
  return connection;
}

void Pool::stay_on_primary(const Session& session) {
  try {
    execute(*this, session, read_timeline, {}, [this](const Row& row) {
      timeline_ = row.is_null(0) ? "" : row.text(0);
    });
  } catch (const Error& error) {
    if (error.connection_lost())
      throw;
    spdlog::debug("{}; a failover won't be noticed", error.what());
  }
}

void Pool::require_same_primary(Connection& connection) const {
  Session session;
  session.application_name = application_name_;
  std::string timeline;
  try {
    connection.execute(session, read_timeline, {}, [&](const Row& row) {
      timeline = row.is_null(0) ? "" : row.text(0);
    });
  } catch (const Error& error) {
    throw Unreachable("connect", error.sqlstate(), error.what());
  }
  if (timeline.empty())
    throw Unreachable("connect", "25006",
                      connection.description() + " is a standby now");
  if (timeline != timeline_)
    throw FailedOver("connect", "",
                     connection.description() +
                         " was failed over or restored during this run; run "
                         "again");
}

void Pool::give_back(std::unique_ptr<Connection> connection) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(connection));
}

void execute(Pool& pool, const Session& session, const Query& query,
             const Parameters& parameters, const RowSink& sink) {
  const CountedWrite counted(pool.writes(), session);
  pool.acquire(session.deadline)->execute(session, query, parameters, sink);
}

XactOutcome xact_outcome(Pool& pool, const Session& session,
                         const std::string& transaction) {
  if (transaction.empty())
    return XactOutcome::unknown;
  Session reading = session.without_deadline();
  reading.read_only = true;
  const auto until =
      steady_clock::now() + reading.statement_timeout + std::chrono::seconds{1};
  for (;;) {
    std::string status;
    execute(pool, reading, xact_status, Parameters().add(transaction),
            [&](const Row& row) { status = row.text(0); });
    if (status == "committed")
      return XactOutcome::committed;
    if (status == "aborted")
      return XactOutcome::aborted;
    if (status != "in progress" || steady_clock::now() > until)
      return XactOutcome::unknown;
    std::this_thread::sleep_for(milliseconds{100});
  }
}

bool was_committed(Pool& pool, const Session& session,
                   const CommitUnknown& error) {
  try {
    return error.rows_complete() &&
           xact_outcome(pool, session, error.transaction()) ==
               XactOutcome::committed;
  } catch (const Error&) {
    return false;  // the doubt stays, and nobody may take it for a failure
  }
}

void execute_repeatable(Pool& pool, const Session& session, const Query& query,
                        const Parameters& parameters, const RowSink& sink) {
  constexpr const char* connection_failure = "08006";
  try {
    execute(pool, session, query, parameters, sink);
  } catch (const CommitUnknown& error) {
    if (!was_committed(pool, session, error))
      throw Error(error.query(), connection_failure, "the session broke");
  }
}

}  // namespace db
