#include "db/pressure.hpp"
#include "jobs/check_pressure.hpp"
#include "jobs/exit_status.hpp"
#include "tests/faults/failover_world.hpp"
#include "tests/jobs/slow_world.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <atomic>
#include <thread>

using telemetry::Outcome;
using telemetry::Pass;
using tests::SlowWorld;

namespace {

/// Sessions that wait for the statistics of one project.
struct Waiters {
  explicit Waiters(tests::World& world) {
    holder.begin();
    holder.run(row);
    first.send(row);
    second.send(row);
    while (world.database.number(
               fmt::format("SELECT count(DISTINCT pid) FROM pg_locks "
                           "WHERE NOT granted AND pid IN ({}, {})",
                           first.process_id(), second.process_id())) < 2)
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  void let_go() {
    holder.rollback();
    first.finish();
    second.finish();
  }

  std::string row =
      "SELECT FROM project_statistics WHERE project_id = 99 FOR UPDATE";
  tests::TestSession holder;
  tests::TestSession first;
  tests::TestSession second;
};

std::int64_t vacuums_of(const db::Pressure& pressure,
                        const std::string& table) {
  for (const db::TablePressure& state : pressure.tables)
    if (state.table == table)
      return state.vacuums;
  return -1;
}

}  // namespace

TEST_CASE("a run waits while too many sessions wait for locks", "[postgres]") {
  SlowWorld world;
  world.add({.expire_at = "NULL", .project_id = 99});
  world.add_many(30);
  world.options.max_lock_waits = 1;
  Waiters waiters(world);
  CHECK(world.pressure().lock_waits == 2);

  const auto& held = world.run_unlocked();
  CHECK(held.outcome == Outcome::throttled);
  CHECK(held.reason == "2 sessions wait for locks (--max-lock-waits 1)");
  CHECK(held.destroyed == 0);

  waiters.let_go();
  const auto& free = world.run_unlocked();
  CHECK(free.outcome == Outcome::drained);
  CHECK(free.destroyed == 30);
}

TEST_CASE("throttled is exit status 0, and 75 with --strict", "[unit]") {
  jobs::Options options;
  telemetry::Report report;
  report.pass(Pass::unlocked).end(Outcome::throttled, "a standby is behind");
  CHECK(jobs::exit_status(options, report, 0) == 0);
  options.strict = true;
  CHECK(jobs::exit_status(options, report, 0) == 75);
}

TEST_CASE("dead rows end the pass where nobody vacuums", "[postgres]") {
  SlowWorld world;
  world.turn_autovacuum_off();
  world.add_many(60);
  world.options.max_dead_rows = 25;
  world.options.time_limit = std::chrono::seconds{0};

  const auto& report = world.run_unlocked();

  CHECK(report.outcome == Outcome::throttled);
  CHECK(report.destroyed == 30);
  CHECK(report.reason.find(" has 30 dead rows of this run since its last "
                           "VACUUM (--max-dead-rows 25), and autovacuum does "
                           "not come") != std::string::npos);
  CHECK(world.violations().empty());
}

TEST_CASE("a run goes on once VACUUM has been there", "[postgres]") {
  SlowWorld world;
  world.database.run(
      "ALTER TABLE public.ci_pipeline_artifacts SET "
      "(autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0)");
  world.database.run(
      "ALTER TABLE public.ci_deleted_objects SET "
      "(autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0)");
  world.add_many(60);
  world.options.max_dead_rows = 25;
  world.options.time_limit = std::chrono::seconds{60};
  std::atomic<bool> ended = false;
  std::thread vacuum([&] {
    tests::TestSession session;
    while (!ended) {
      std::this_thread::sleep_for(std::chrono::milliseconds{200});
      session.run("VACUUM public.ci_pipeline_artifacts");
      session.run("VACUUM public.ci_deleted_objects");
    }
  });

  const auto& report = world.run_unlocked();
  ended = true;
  vacuum.join();

  CHECK(report.outcome == Outcome::drained);
  CHECK(report.destroyed == 60);
  CHECK(vacuums_of(world.pressure(), "ci_pipeline_artifacts") > 0);
}

TEST_CASE("a run waits for a standby that is behind", "[postgres][slow]") {
  tests::FailoverWorld world;
  world.options.max_replica_lag = std::chrono::seconds{1};
  world.options.time_limit = std::chrono::seconds{4};
  {
    const auto there = world.standby().environment();
    tests::TestSession().run("SELECT pg_wal_replay_pause()");
  }
  // A standby tells how far it is when it gets something.
  do
    world.database.run("UPDATE project_statistics SET project_id = project_id");
  while (world.database.number("SELECT count(*) FROM pg_stat_replication "
                               "WHERE replay_lag > '1.5 s'") == 0);

  const telemetry::Report& held = world.run();
  CHECK(held.outcome() == Outcome::throttled);
  CHECK(held.destroyed() == 0);
  CHECK(held.pass(Pass::unlocked).reason.starts_with("a standby is "));

  {
    const auto there = world.standby().environment();
    tests::TestSession().run("SELECT pg_wal_replay_resume()");
  }
  world.options.time_limit = std::chrono::seconds{60};
  CHECK(world.run().outcome() == Outcome::drained);
  CHECK(world.violations().empty());
}

TEST_CASE("WAL that nobody archives is seen", "[postgres][slow]") {
  const tests::PostgresServer server(
      {"archive_mode=on", "archive_command=false"});
  const auto here = server.environment();
  SlowWorld world;
  for (int i = 0; i < 3; ++i) {
    world.database.run("UPDATE project_statistics SET project_id = project_id");
    world.add();
    world.database.run("SELECT pg_switch_wal()");
  }
  while (world.database.number("SELECT failed_count FROM pg_stat_archiver") ==
         0)
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
  const auto unarchived = world.pressure().unarchived_bytes;
  REQUIRE(unarchived);
  CHECK(*unarchived >= std::int64_t{3} << 24);
  CHECK(*unarchived < std::int64_t{8} << 24);
}

TEST_CASE("transactions of others are seen by who may see them", "[postgres]") {
  SlowWorld world;
  world.add();
  tests::TestSession other;
  other.begin();
  other.run("UPDATE project_statistics SET project_id = project_id");
  CHECK_FALSE(world.pressure().sees_all);
  CHECK_FALSE(world.pressure().oldest_transaction_ms);

  const tests::ScopedEnvironment as_owner(
      {{"PGUSER", std::string(tests::owner_role)}});
  CHECK(world.pressure().sees_all);
  CHECK(world.pressure().oldest_transaction_ms.value_or(-1) >= 0);
}

TEST_CASE("check names what a run heeds, and what it can't see", "[postgres]") {
  SlowWorld world;
  world.options.command = jobs::Command::check;
  jobs::Installation installation(world.options, "test", world.stop);
  jobs::Findings findings;
  jobs::check_pressure(installation, findings);

  std::string text;
  for (const jobs::Finding& finding : findings) {
    CHECK(finding.subject == "strain");
    CHECK(finding.level == jobs::Level::ok);
    text += finding.text + "\n";
  }
  for (const char* const part :
       {"0 sessions wait for locks (--max-lock-waits 10)",
        "ci_deleted_objects has 0 dead rows of this run",
        "ci_build_trace_chunks has 0 dead rows of this run",
        "GRANT pg_read_all_stats TO it"})
    CHECK(text.find(part) != std::string::npos);
}
