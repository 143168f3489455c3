#include "db/pool.hpp"
#include "tests/faults/failover_world.hpp"
#include "tests/support/program.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <thread>

using std::chrono::milliseconds;
using tests::FailoverWorld;
using tests::ReplicatedServer;
using Violations = std::vector<std::string>;

TEST_CASE("a failover to a standby that has everything ends a run, no more",
          "[postgres][slow]") {
  FailoverWorld world;
  world.replicate_synchronously();

  CHECK_THROWS_AS(
      world.run_and_at("batch.destroyed", 2, [&] { world.fail_over(); }),
      db::FailedOver);

  world.database.reconnect();
  CHECK(world.violations() == Violations{});
  CHECK(world.rows_left() < world.live + world.doomed);
  CHECK(world.rows_left() > world.live);
  world.finish_on_new_primary();
}

TEST_CASE("a standby that nobody promotes is no primary, however long we ask",
          "[postgres][slow]") {
  FailoverWorld world;
  world.replicate_synchronously();
  std::string complaint;
  try {
    world.run_and_at("batch.destroyed", 2, [&] {
      world.crash();
      world.move_address();
    });
  } catch (const db::Unreachable& error) {
    complaint = error.what();
  }
  CHECK_THAT(complaint, Catch::EndsWith("is a standby now"));

  world.promote();
  world.database.reconnect();
  CHECK(world.violations() == Violations{});
  world.finish_on_new_primary();
}

TEST_CASE("over two hosts, a failover in mid-run is status 69",
          "[postgres][program][slow]") {
  FailoverWorld world;
  world.replicate_synchronously();
  const tests::ScopedEnvironment hosts(
      {{"PGHOST", world.primary().host() + "," + world.standby().host()},
       {"PGPORT", ""},
       {"PGTARGETSESSIONATTRS", "read-write"}});
  tests::TestSession other;
  other.begin();
  other.run("SELECT FROM project_statistics FOR UPDATE");
  tests::Program program({JANITOR_PROGRAM, "run", "--local-store",
                          world.store.path(), "--lock-timeout", "60000",
                          "--statement-timeout", "60000", "--batch-size", "10",
                          "--passes", "unlocked,legacy,objects"});
  while (world.database.number("SELECT count(*) FROM pg_stat_activity "
                               "WHERE wait_event_type = 'Lock'") == 0)
    std::this_thread::sleep_for(milliseconds{5});
  world.fail_over();

  const tests::Ended ended = program.wait();
  INFO(ended.err);
  CHECK(ended.status == 69);
  CHECK(ended.err.find("was failed over or restored") != std::string::npos);
  world.database.reconnect();
  CHECK(world.violations() == Violations{});
  world.finish_on_new_primary();
}

TEST_CASE("what was committed is not asked of a server that was promoted",
          "[postgres][slow]") {
  ReplicatedServer servers;
  tests::TestDatabase database;
  const std::atomic<bool> stop{false};
  db::Pool pool("test", stop);
  pool.stay_on_primary({});
  CHECK(pool.timeline() == "00000001");
  // Of a transaction that the standby has, so that it would say "committed".
  const std::string transaction =
      database.value("SELECT pg_current_xact_id()::text");
  CHECK(db::xact_outcome(pool, {}, transaction) == db::XactOutcome::committed);

  servers.replicate_synchronously();
  database.run("CREATE TABLE flushed ()");
  servers.fail_over();

  CHECK_THROWS_AS(db::xact_outcome(pool, {}, transaction), db::FailedOver);
  CHECK_FALSE(db::was_committed(
      pool, {}, db::CommitUnknown("test", "lost", transaction, true)));
}

TEST_CASE("a session that leads to a standby is as good as lost",
          "[postgres][slow]") {
  ReplicatedServer servers;
  const tests::ScopedEnvironment there({{"PGHOST", servers.standby().host()}});
  db::Connection connection("test", milliseconds{5000});
  db::Session writing;
  writing.read_only = false;
  try {
    connection.execute(writing, {"test", "SELECT 1"}, {});
    FAIL("a standby can't be written to");
  } catch (const db::Error& error) {
    CHECK(error.sqlstate() == "25006");
    CHECK(error.connection_lost());
  }
  CHECK_FALSE(connection.usable());
}
