#include "db/pool.hpp"
#include "db/retry.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/test_database.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using db::Session;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

struct PoolServer {
  std::int64_t backend_of(db::Connection& connection) {
    std::int64_t pid = 0;
    connection.execute({}, {"test.pid", "SELECT pg_backend_pid()"}, {},
                       [&](const db::Row& row) { pid = row.integer(0); });
    return pid;
  }
  void end_session(std::int64_t pid) {
    tests::LibpqSession session;
    tests::end_sessions(session, "pid = " + std::to_string(pid));
  }

  tests::TestDatabase database;
  std::atomic<bool> stop{false};
  db::Pool pool{"test", stop};
};

Session writing() {
  Session session;
  session.read_only = false;
  return session;
}

const db::Query insert{
    "test.insert", "INSERT INTO projects (name, namespace_id) VALUES ('p', 1)"};

/// How often with_retry() runs what always fails like this.
template <typename Failure>
int tries(const Failure& failure) {
  int count = 0;
  try {
    db::with_retry([&]() -> int {
      ++count;
      throw failure;
    });
  } catch (const Failure&) {
    return count;
  }
  return -1;
}

}  // namespace

TEST_CASE("a session that came back is lent again", "[postgres]") {
  PoolServer server;
  const std::int64_t first = server.backend_of(*server.pool.acquire());
  CHECK(server.backend_of(*server.pool.acquire()) == first);
}

TEST_CASE("two sessions lent at a time are two", "[postgres]") {
  PoolServer server;
  const db::Pool::Lease one = server.pool.acquire();
  const db::Pool::Lease two = server.pool.acquire();
  CHECK(server.backend_of(*one) != server.backend_of(*two));
}

TEST_CASE("a broken session is not lent again", "[postgres]") {
  PoolServer server;
  std::int64_t first = 0;
  {
    const db::Pool::Lease lease = server.pool.acquire();
    first = server.backend_of(*lease);
    server.end_session(first);
    CHECK_THROWS_AS(server.backend_of(*lease), db::Error);
    CHECK_FALSE(lease->usable());
  }
  CHECK(server.backend_of(*server.pool.acquire()) != first);
}

TEST_CASE("sessions that ended while idle are not lent again", "[postgres]") {
  PoolServer server;
  std::vector<std::int64_t> ended;
  {
    const db::Pool::Lease one = server.pool.acquire();
    const db::Pool::Lease two = server.pool.acquire();
    ended = {server.backend_of(*one), server.backend_of(*two)};
  }
  for (const std::int64_t pid : ended)
    server.end_session(pid);

  // Nobody tries twice, neither to read nor to write.
  const std::int64_t next = server.backend_of(*server.pool.acquire());
  CHECK(std::count(ended.begin(), ended.end(), next) == 0);
  db::execute(server.pool, writing(), insert, {});
  CHECK(server.database.number("SELECT count(*) FROM projects") == 1);
}

TEST_CASE("once stopped, nobody waits for a server", "[unit]") {
  const tests::TemporaryDirectory nowhere;
  const tests::ScopedEnvironment environment(
      {{"PGHOST", nowhere.path().string()}, {"PGUSER", "nobody"}});
  std::atomic<bool> stop{true};
  db::Pool pool("test", stop);
  const auto began = std::chrono::steady_clock::now();
  CHECK_THROWS_AS(pool.acquire(), db::Unreachable);
  CHECK(std::chrono::steady_clock::now() - began < seconds{2});
}

TEST_CASE("what passes is tried three times, what does not is not", "[unit]") {
  for (const char* const state :
       {"40001", "40P01", "55P03", "57P01", "08006", "25006"})
    CHECK(tries(db::Error("q", state, "")) == 3);
  CHECK(tries(db::Error("q", "", "the connection was lost")) == 3);
  for (const char* const state : {"57014", "42501", "42P01", "23502", "22021"})
    CHECK(tries(db::Error("q", state, "")) == 1);
  CHECK(tries(db::Unreachable("q", "", "")) == 1);
  CHECK(tries(db::Refused("q", "28P01", "")) == 1);
}

TEST_CASE("a COMMIT in doubt is never tried again", "[unit]") {
  CHECK(tries(db::CommitUnknown("q", "lost", "4242", true)) == 1);
  CHECK(tries(db::CommitUnknown("q", "lost", "", false)) == 1);
}

TEST_CASE("what succeeds at the second try is returned", "[unit]") {
  int count = 0;
  CHECK(db::with_retry([&] {
          if (++count == 1)
            throw db::Error("q", "40001", "");
          return count;
        }) == 2);
}

TEST_CASE("an error tells what it means", "[unit]") {
  const auto error = [](const char* state) {
    return db::Error("name", state, "first\nLINE 1: second");
  };
  CHECK(std::string(error("40001").what()) == "name: first");
  CHECK(error("57014").timed_out());
  CHECK_FALSE(error("57014").connection_lost());
  CHECK(error("57P01").connection_lost());
  CHECK(error("08006").connection_lost());
  CHECK(error("").connection_lost());
  CHECK(error("42501").is_unfit());
  CHECK(error("25006").connection_lost());
  CHECK_FALSE(error("25006").is_unfit());
  CHECK(error("42P01").is_unfit());
  CHECK_FALSE(error("23502").is_unfit());
  CHECK_FALSE(error("").is_unfit());
}

TEST_CASE("the server tells what became of a transaction", "[postgres]") {
  PoolServer server;
  tests::TestSession other;
  const auto id = [&] {
    return other.run("SELECT pg_current_xact_id()::text")[0][0].value();
  };
  other.begin();
  const std::string committed = id();
  other.commit();
  other.begin();
  const std::string aborted = id();
  other.rollback();

  const auto outcome = [&](const std::string& transaction) {
    return db::xact_outcome(server.pool, {}, transaction);
  };
  CHECK(outcome(committed) == db::XactOutcome::committed);
  CHECK(outcome(aborted) == db::XactOutcome::aborted);
  CHECK(outcome("") == db::XactOutcome::unknown);
}

TEST_CASE("a transaction under way is waited for, but not forever",
          "[postgres]") {
  PoolServer server;
  tests::TestSession other;
  other.begin();
  const std::string transaction =
      other.run("SELECT pg_current_xact_id()::text")[0][0].value();
  Session session;
  session.statement_timeout = milliseconds{200};
  CHECK(db::xact_outcome(server.pool, session, transaction) ==
        db::XactOutcome::unknown);

  other.send("SELECT pg_sleep(0.5); COMMIT");
  session.statement_timeout = seconds{5};
  // Past the deadline too: the answer is for work already done.
  session.deadline = telemetry::Deadline(milliseconds{1});
  CHECK(db::xact_outcome(server.pool, session, transaction) ==
        db::XactOutcome::committed);
  other.finish();
}
