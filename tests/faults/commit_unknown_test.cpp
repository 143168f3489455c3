#include "db/catalog.hpp"
#include "db/pipeline_artifacts.hpp"
#include "tests/faults/busy_world.hpp"
#include "tests/support/slow_proxy.hpp"

#include <catch2/catch.hpp>

/// The connection breaks at a COMMIT: what became of it is asked, not guessed.
namespace {

using telemetry::Outcome;
using telemetry::Pass;
using tests::BusyWorld;
using tests::Cut;

constexpr const char* destroy = "DELETE FROM public.ci_pipeline_artifacts";
constexpr const char* resolve = "SET locked = 1";
constexpr const char* forget = "DELETE FROM public.ci_deleted_objects";
constexpr const char* lease = "UPDATE public.ci_deleted_objects AS entry";

/// A run through a proxy that cuts the \a nth transaction with \a statement.
telemetry::Report& run_and_cut(BusyWorld& world, Cut where,
                               const char* statement, int nth) {
  tests::SlowProxy proxy;
  const auto through = proxy.environment();
  proxy.cut(where, statement, nth);
  telemetry::Report& report = world.run();
  REQUIRE(proxy.has_cut());
  return report;
}

void check_done_once(BusyWorld& world, const telemetry::Report& report) {
  CHECK(report.outcome() == Outcome::drained);
  CHECK(report.problems_total() == 0);
  CHECK(report.pass(Pass::unlocked).destroyed == BusyWorld::unlocked);
  CHECK(report.pass(Pass::legacy).destroyed == BusyWorld::legacy);
  CHECK(report.pass(Pass::unlocked).bytes == 100 * BusyWorld::unlocked);
  CHECK(report.removed() == BusyWorld::doomed + BusyWorld::entries);
  CHECK(world.violations() == std::vector<std::string>{});
  CHECK(world.left_over() == std::vector<std::string>{});
}

}  // namespace

TEST_CASE("a batch committed but not answered is counted once, and finished",
          "[postgres]") {
  const int nth = GENERATE(1, 3, 10);
  INFO("batch " << nth);
  BusyWorld world;
  check_done_once(world, run_and_cut(world, Cut::before_answer, destroy, nth));
}

TEST_CASE("a batch cut off before its COMMIT is destroyed later, counted once",
          "[postgres]") {
  const int nth = GENERATE(1, 3, 10);
  INFO("batch " << nth);
  BusyWorld world;
  check_done_once(world, run_and_cut(world, Cut::before_commit, destroy, nth));
}

TEST_CASE("a connection cut while states are written down is no end of the run",
          "[postgres]") {
  const Cut where = GENERATE(Cut::before_commit, Cut::before_answer);
  BusyWorld world;
  const auto& report = run_and_cut(world, where, resolve, 2);
  check_done_once(world, report);
  // The server may find out late that the session is gone: what that holds
  // until then is skipped, told, and written down by the next run.
  const std::int64_t held = report.backlog.unknown.value();
  CHECK(report.pass(Pass::legacy).resolved + held == BusyWorld::unresolved);
  CHECK(held <= 100);
  world.wait_for_sessions();
  const auto& next = world.run();
  CHECK(next.pass(Pass::legacy).resolved == held);
  CHECK(next.backlog.unknown == 0);
}

TEST_CASE("a connection cut at the queue costs at most the wait for a lease",
          "[postgres]") {
  const Cut where = GENERATE(Cut::before_commit, Cut::before_answer);
  const char* const statement = GENERATE(forget, lease);
  INFO(statement);
  BusyWorld world;
  const auto& report = run_and_cut(world, where, statement, 2);
  CHECK(report.outcome() == Outcome::drained);
  CHECK(report.destroyed() == BusyWorld::doomed);
  CHECK(world.violations() == std::vector<std::string>{});

  world.let_leases_end();
  CHECK(world.run().destroyed() == 0);
  CHECK(world.left_over() == std::vector<std::string>{});
}

TEST_CASE("who asks what became of a batch has given his session back",
          "[postgres]") {
  tests::World world;
  const tests::MadeArtifact artifact = world.add();
  tests::SlowProxy proxy;
  const auto through = proxy.environment();
  db::Pool pool("test", world.stop);
  const db::Catalog catalog = db::Catalog::read(pool, {});
  db::Session session;
  session.search_path = catalog.search_path();
  session.tables = &catalog.tables();
  session.read_only = false;
  // One session may be at work: whoever held it and wanted another would wait
  // for himself.
  pool.gate().limit(100);
  proxy.cut(Cut::before_answer, destroy);

  const auto waited = db::Gate::waited();
  const db::Destroyed destroyed = db::PipelineArtifacts(pool).destroy(
      session, db::Selection::unlocked, db::Held::skipped, db::Timestamp::max(),
      {artifact.id}, {artifact.key.file}, {1}, std::chrono::seconds{600});
  REQUIRE(proxy.has_cut());
  CHECK(destroyed.ids == std::vector<std::int64_t>{artifact.id});
  CHECK(db::Gate::waited() == waited);
}
