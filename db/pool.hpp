#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "db/connection.hpp"
#include "db/gate.hpp"

namespace db {

/// Transactions of this process that may write to one server.
struct OwnWrites {
  std::atomic<std::int64_t> begun{0};
  std::atomic<std::int64_t> ended{0};
};

/// Sessions lent to workers, each to one thread at a time.  Opens them as they
/// are asked for, and again when they break; a pass has no more threads than
/// --concurrency, so there are never more than that.
///
/// May be used from several threads at once.
class Pool {
 public:
  /// A connection on loan; goes back when the object goes away, unless broken.
  class Lease {
   public:
    Lease(Pool& pool, std::unique_ptr<Connection> connection,
          Gate::Clock::time_point since)
        : pool_(&pool), connection_(std::move(connection)), since_(since) {}
    ~Lease();
    Lease(Lease&&) noexcept = default;
    Lease(const Lease&) = delete;
    Lease& operator=(Lease&&) = delete;
    Lease& operator=(const Lease&) = delete;
    Connection& operator*() const { return *connection_; }
    Connection* operator->() const { return connection_.get(); }

   private:
    Pool* pool_;
    std::unique_ptr<Connection> connection_;
    Gate::Clock::time_point since_;  ///< when it passed the gate
  };

  /// \param application_name what an idle session is called
  /// \param stop once true, nobody is kept waiting for a server any more
  /// \param address where it is not the environment that names the database
  Pool(std::string application_name, const std::atomic<bool>& stop,
       Address address = {});

  /// A usable session, once gate() lets one more be at work.  Tries for about
  /// eight seconds to get one.
  ///
  /// \param deadline once passed, gate() is waited for no longer
  /// \pre this thread has none on loan.
  /// \throws Unreachable if there is none to be had.
  /// \throws Refused at once.
  /// \throws FailedOver at once, and Unreachable where a standby answers to the
  ///         end; both only after stay_on_primary().
  Lease acquire(const telemetry::Deadline& deadline = {});

  /// From now on every new session must lead to a primary, and to one of the
  /// timeline that this one is on: after a failover the ids that a run knows
  /// may name other rows, and its transactions' ids other transactions.  Where
  /// the server can't tell (no PostgreSQL of its own kind), nothing is asked.
  /// To be called before other threads use the pool.
  ///
  /// \throws Error, Unreachable
  void stay_on_primary(const Session& session);
  /// As PostgreSQL writes it in the names of WAL files; "" where nothing is
  /// asked.
  [[nodiscard]] const std::string& timeline() const { return timeline_; }

  /// Says how many of the sessions may be at work at once; all of them, unless
  /// somebody limits it.
  [[nodiscard]] Gate& gate() { return gate_; }

  /// What execute() has written by this pool, and by those that count with it.
  [[nodiscard]] OwnWrites& writes() { return *writes_; }
  /// \a other leads to the same server.
  /// To be called before other threads use the pool.
  void count_with(const Pool& other) { writes_ = other.writes_; }

 private:
  /// take_idle(), or else open(), with patience.
  std::unique_ptr<Connection> find();
  std::unique_ptr<Connection> take_idle();
  std::unique_ptr<Connection> open();
  void require_same_primary(Connection& connection) const;
  void give_back(std::unique_ptr<Connection> connection);

  std::string application_name_;
  Address address_;
  std::string timeline_;
  const std::atomic<bool>& stop_;
  Gate gate_;
  std::shared_ptr<OwnWrites> writes_ = std::make_shared<OwnWrites>();
  std::mutex mutex_;
  std::vector<std::unique_ptr<Connection>> idle_;
};

/// Run one statement on a session of \a pool.
///
/// \throws as Connection::execute() and Pool::acquire().
void execute(Pool& pool, const Session& session, const Query& query,
             const Parameters& parameters, const RowSink& sink = {});

enum class XactOutcome { committed, aborted, unknown };

/// What became of a transaction whose COMMIT was not answered
/// (https://www.postgresql.org/docs/15/functions-info.html, pg_xact_status).
/// Waits for one that is still in progress, up to its statement timeout and a
/// second.
///
/// \throws Error, Unreachable
XactOutcome xact_outcome(Pool& pool, const Session& session,
                         const std::string& transaction);

/// Whether a transaction whose COMMIT was not answered was committed, and its
/// result had arrived in full.  False where nobody can tell.
bool was_committed(Pool& pool, const Session& session,
                   const CommitUnknown& error);

/// As execute(), for a statement that may be said again: one whose COMMIT was
/// not answered either turns out to be committed, or fails as a lost session.
///
/// \throws Error, Unreachable; never CommitUnknown.
void execute_repeatable(Pool& pool, const Session& session, const Query& query,
                        const Parameters& parameters, const RowSink& sink = {});

}  // namespace db
