#include "tests/support/fault_point.hpp"
#include "tests/support/world.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <string>
#include <thread>
#include <utility>

/// Statements of the legacy pass that take too long, because somebody holds
/// ci_pipelines.
namespace {

using telemetry::Outcome;
using telemetry::Pass;
using tests::FaultHook;
using tests::World;
using namespace std::chrono_literals;

constexpr int held_rows = 512;  ///< ten halvings
constexpr int unresolved = 40;

struct Held {
  World world;
  tests::TestSession other;

  /// \param cause which of the two timeouts strikes first
  explicit Held(const std::string& cause) {
    world.add_live();
    world.options.statement_timeout = cause == "statement" ? 100ms : 60s;
    world.options.lock_timeout = cause == "lock" ? 20ms : 60s;
  }

  void hold() {
    other.begin();
    other.run("LOCK ci_pipelines");
  }
};

}  // namespace

TEST_CASE("a window that times out is halved and tried again", "[postgres]") {
  Held held(GENERATE("statement", "lock"));
  held.world.add_many(held_rows, {.locked = "1"});
  held.world.add_many(unresolved, {.locked = "2", .pipeline_locked = 1});
  int pages = 0;
  std::thread release;
  const FaultHook hook("page.read", [&] {
    if (++pages != 2)
      return;
    held.hold();
    release = std::thread([&] {
      std::this_thread::sleep_for(250ms);
      held.other.rollback();
    });
  });

  const telemetry::Report& report = held.world.run();
  release.join();

  CHECK(report.outcome() == Outcome::drained);
  CHECK(report.pass(Pass::legacy).windows >= 3);
  CHECK(report.pass(Pass::legacy).destroyed == held_rows);
  CHECK(report.pass(Pass::legacy).resolved == unresolved);
  CHECK(report.problems_total() == 0);
  CHECK(held.world.violations() == std::vector<std::string>{});
}

TEST_CASE("rows whose windows all time out are named, and never fatal",
          "[postgres]") {
  Held held("statement");
  held.world.add_many(3, {.locked = "1"});
  int pages = 0;
  const FaultHook hook("page.read", [&] {
    if (++pages == 2)
      held.hold();
  });

  const telemetry::Report& report = held.world.run();

  CHECK(report.outcome() == Outcome::partial);
  CHECK(report.problems_total() == 3);
  CHECK(report.pass(Pass::legacy).windows == 5);
  CHECK(report.destroyed() == 0);

  held.other.rollback();
  CHECK(held.world.run().destroyed() == 3);
}

TEST_CASE("writing states down is tried again in halves", "[postgres]") {
  Held held("statement");
  held.world.add_many(unresolved, {.locked = "2", .pipeline_locked = 1});
  bool begun = false;
  const FaultHook hook("window.before_resolve", [&] {
    if (std::exchange(begun, true))
      return;
    held.hold();
    held.other.send("SELECT pg_sleep(0.25); ROLLBACK");
  });

  const telemetry::Report& report = held.world.run();

  held.other.finish();
  CHECK(report.outcome() == Outcome::drained);
  CHECK(report.pass(Pass::legacy).resolved == unresolved);
  CHECK(report.problems_total() == 0);
  CHECK(held.world.database.number("SELECT count(*) FROM ci_pipeline_artifacts "
                                   "WHERE locked = 2") == 0);
}
