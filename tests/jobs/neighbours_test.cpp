#include "jobs/neighbours.hpp"
#include "jobs/page_source.hpp"
#include "tests/jobs/slow_world.hpp"
#include "tests/jobs/writer.hpp"
#include "tests/support/captured_log.hpp"
#include "tests/support/fault_point.hpp"
#include "tests/support/postgres_server.hpp"
#include "tests/support/two_databases.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <thread>

using jobs::Neighbours;
using std::chrono::milliseconds;

namespace {

const Neighbours::Clock::time_point noon{std::chrono::hours{12}};

/// Somebody writes to the server, and goes.
void come_and_go(tests::TestDatabase& database) {
  database.run("CHECKPOINT");
  for (int i = 0; i < 100; ++i)
    database.run("SELECT pg_current_xact_id()");
  // Known to the second, so that two are needed.
  std::this_thread::sleep_for(milliseconds{2100});
}

}  // namespace

TEST_CASE("a run alone has no neighbours, whatever it has under way",
          "[unit]") {
  Neighbours neighbours;
  neighbours.saw({.all = 100, .own_least = 10, .own_most = 14}, noon);
  // Four were under way, and all have written meanwhile, with 50 more.
  neighbours.saw({.all = 154, .own_least = 64, .own_most = 64},
                 noon + milliseconds{200});
  CHECK_FALSE(neighbours.are_at_work(noon + milliseconds{200}));
}

TEST_CASE("two looks tell who writes beside a run, for a while", "[unit]") {
  Neighbours neighbours;
  neighbours.saw({.all = 100}, noon);
  CHECK_FALSE(neighbours.are_at_work(noon));
  neighbours.saw({.all = 101}, noon + milliseconds{100});
  CHECK(neighbours.are_at_work(noon + milliseconds{599}));
  CHECK_FALSE(neighbours.are_at_work(noon + milliseconds{600}));
  // It was the only one: that is no pace of three a second.
  neighbours.saw({.all = 101}, noon + milliseconds{600});
  CHECK_FALSE(neighbours.are_at_work(noon + milliseconds{600}));
}

TEST_CASE("who writes beside a run is seen, and forgotten after a while",
          "[unit]") {
  Neighbours neighbours;
  neighbours.saw({.all = 100}, noon);
  neighbours.saw({.all = 102}, noon + milliseconds{900});
  CHECK_FALSE(neighbours.are_at_work(noon + milliseconds{900}));
  neighbours.saw({.all = 103}, noon + milliseconds{1000});
  CHECK(neighbours.are_at_work(noon + milliseconds{1000}));
  // 3 in two seconds are few.
  neighbours.saw({.all = 104}, noon + milliseconds{2000});
  neighbours.saw({.all = 105}, noon + milliseconds{3000});
  CHECK(neighbours.are_at_work(noon + milliseconds{5999}));
  CHECK_FALSE(neighbours.are_at_work(noon + milliseconds{6000}));
}

TEST_CASE("who wrote before a run is taken to be there for a second",
          "[unit]") {
  using std::chrono::seconds;
  Neighbours neighbours;
  neighbours.wrote_before({900, seconds{300}}, noon);
  neighbours.saw({.all = 100}, noon);
  CHECK(neighbours.are_at_work(noon + milliseconds{999}));
  // They have gone home.
  neighbours.saw({.all = 101}, noon + milliseconds{1000});
  CHECK_FALSE(neighbours.are_at_work(noon + milliseconds{1000}));
}

TEST_CASE("few who wrote before a run are nobody, as in less than two seconds",
          "[unit]") {
  using std::chrono::seconds;
  Neighbours neighbours;
  neighbours.wrote_before({899, seconds{300}}, noon);
  neighbours.wrote_before({1000, seconds{1}}, noon);
  CHECK_FALSE(neighbours.are_at_work(noon));
}

TEST_CASE("what was written since the last checkpoint is known to every role",
          "[postgres]") {
  tests::World world;
  jobs::Installation installation(world.options, "test", world.stop);
  const auto look = [&] {
    return db::read_recent_writes(installation.pool, installation.session());
  };
  // Each test that drops its database makes a checkpoint.
  bool rose = false;
  for (int tries = 0; tries < 100 && !rose; ++tries) {
    const db::RecentWrites before = look();
    tests::TestSession().run("SELECT pg_current_xact_id()");
    const db::RecentWrites after = look();
    CHECK(before.within >= std::chrono::seconds{0});
    rose = after.writes > before.writes;
  }
  CHECK(rose);
}

TEST_CASE("beside others that write a run holds to --max-load", "[postgres]") {
  tests::SlowWorld world;
  world.add_many(2000);
  world.options.time_limit = std::chrono::seconds{60};
  world.options.max_load = 1;
  world.options.max_destroy = 50;
  const tests::Writer gitlab;

  // After each statement it rests a hundred times as long as that took, which
  // is a millisecond at least.
  const auto& held = world.run_unlocked();
  CHECK(held.destroyed == 50);
  CHECK(held.seconds > 0.5);

  world.options.max_load = 0;
  world.options.max_destroy.reset();
  const auto& free = world.run_unlocked();
  CHECK(free.outcome == telemetry::Outcome::drained);
  CHECK(world.violations().empty());
}

TEST_CASE("a run knows its neighbours before its first batch", "[postgres]") {
  tests::SlowWorld world;
  world.add_many(2000);
  world.options.batch_size = 1000;
  world.options.max_load = 1;
  const tests::Writer gitlab;
  // Or 1,000 would go at once.
  CHECK(world.run_unlocked().destroyed < 1000);
}

TEST_CASE("beside others rows are not all read before the first one goes",
          "[postgres]") {
  tests::SlowWorld world;
  // A page takes a second and more, with its rest.
  world.add_rows(12 * jobs::PageSource::page_size,
                 {.expire_at = "now() - id * interval '1 second'"});
  world.options.accept_missing = true;
  world.options.max_load = 1;
  world.options.max_destroy = 1;
  world.options.time_limit = std::chrono::seconds{60};
  std::atomic<int> pages = 0;
  const tests::FaultHook hook("page.read", [&] { ++pages; });
  const tests::Writer gitlab;

  CHECK(world.run_unlocked().destroyed == 1);
  CHECK(pages < 12);
}

TEST_CASE("others who have gone are not heeded where a run finds nothing",
          "[postgres][slow]") {
  const tests::PostgresServer server({"autovacuum=off"});
  const auto here = server.environment();
  tests::World world;
  world.add_rows(6 * jobs::PageSource::page_size,
                 {.expire_at = "now() - id * interval '1 second'",
                  .locked = "1",
                  .pipeline_locked = 1});
  world.options.passes = {telemetry::Pass::legacy};
  world.options.trust_lock_state = true;
  world.options.max_load = 50;
  const tests::FaultHook hook(
      "page.read", [] { std::this_thread::sleep_for(milliseconds{300}); });
  come_and_go(world.database);
  const tests::CapturedLog log;

  CHECK(world.run().pass(telemetry::Pass::legacy).scanned == 0);

  const std::string text = log.text();
  const auto heeded = text.find("others write to this server");
  CHECK(heeded != std::string::npos);
  CHECK(text.find("at full speed", heeded) != std::string::npos);
}

TEST_CASE("a run counts its own transactions, and others' beside them",
          "[postgres]") {
  tests::World world;
  jobs::Installation installation(world.options, "test", world.stop);
  const auto before =
      db::read_writes(installation.pool, installation.session());
  CHECK(before.own_most == before.own_least);
  db::Session session = installation.session();
  session.read_only = false;
  db::execute(installation.pool, session,
              {"test.write", "SELECT pg_current_xact_id()"}, {});
  tests::TestSession().run("SELECT pg_current_xact_id()");
  const auto after = db::read_writes(installation.pool, installation.session());
  CHECK(after.own_most == before.own_most + 1);
  CHECK(after.own_least == before.own_least + 1);
  // Other tests write to the same server.
  CHECK(after.all >= before.all + 2);
}

TEST_CASE("writes to the main database count where that is on the same server",
          "[postgres]") {
  tests::TwoDatabases world;
  world.part();
  jobs::Installation installation(world.options, "test", world.stop);
  CHECK(&installation.main->pool.writes() == &installation.pool.writes());

  // As if the other were elsewhere.
  db::Pool elsewhere("ci-janitor test", world.stop);
  db::Session session;
  session.read_only = false;
  db::execute(elsewhere, session, {"test.write", "SELECT pg_current_xact_id()"},
              {});
  CHECK(elsewhere.writes().ended == 1);
  CHECK(installation.pool.writes().begun == 0);
}
