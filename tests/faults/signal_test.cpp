#include "tests/faults/busy_world.hpp"
#include "tests/faults/fault_points.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <chrono>
#include <csignal>
#include <thread>

namespace {

using tests::BusyWorld;
using tests::Ended;

/// What holds after a run that a signal asked to stop: its summary is true, and
/// what it had begun is finished.
void check_summary(BusyWorld& world, const Ended& ended,
                   std::int64_t doomed_before) {
  INFO(ended.err);
  const nlohmann::json summary = tests::summary_of(ended);
  // A signal that comes while the last batch is in hand may find nothing left.
  const std::string outcome = summary.at("outcome");
  if (outcome == "drained")
    CHECK(world.left_over() == std::vector<std::string>{});
  else
    CHECK(outcome == "interrupted");
  CHECK(tests::destroyed_in(summary) == doomed_before - world.eligible());
  CHECK(summary.at("problems_total") == 0);
  CHECK(world.violations() == std::vector<std::string>{});
  CHECK(world.database.number("SELECT count(*) FROM ci_deleted_objects "
                              "WHERE pick_up_at > now()") == 0);
}

void check_signal_at(BusyWorld& world, const char* point, int hit) {
  INFO("SIGTERM at " << point << ", hit " << hit);
  const std::int64_t before = world.eligible();
  const Ended ended = tests::run_program(
      world.command(),
      {{"JANITOR_TEST_FAULT", fmt::format("{}:{}:TERM", point, hit)}});
  REQUIRE(ended.status == 143);
  check_summary(world, ended, before);
}

/// Returns once a session of the program waits for a lock.
void wait_for_waiter(tests::World& world) {
  while (world.database.number(
             "SELECT count(*) FROM pg_stat_activity WHERE datname = "
             "current_database() AND wait_event_type = 'Lock'") == 0)
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
}

/// Send \a signal while a batch waits for a project's statistics.
Ended interrupt_a_batch(BusyWorld& world, int signal) {
  tests::TestSession other;
  other.begin();
  other.run("SELECT FROM project_statistics FOR UPDATE");
  tests::Program program(
      world.command(JANITOR_PROGRAM, {"--lock-timeout", "5000"}));
  wait_for_waiter(world);
  program.send_signal(signal);
  other.rollback();
  return program.wait();
}

}  // namespace

TEST_CASE("SIGTERM between any two steps lets the work in hand be finished",
          "[postgres][program][slow]") {
  BusyWorld world;
  for (const tests::FaultPoint& point : tests::fault_points) {
    check_signal_at(world, point.name, point.later_hit);
    CHECK(tests::run_program(world.command()).status == 0);
    CHECK(world.left_over() == std::vector<std::string>{});
    world.refill();
  }
}

TEST_CASE("SIGTERM before the first pass ends in a summary of nothing done",
          "[postgres][program]") {
  BusyWorld world;
  check_signal_at(world, "db.before_commit_answer", 1);
  CHECK(world.gone() == 0);
}

TEST_CASE("SIGTERM in the middle of a batch is status 143, the batch finished",
          "[postgres][program]") {
  BusyWorld world;
  const Ended ended = interrupt_a_batch(world, SIGTERM);
  CHECK(ended.status == 143);
  check_summary(world, ended, BusyWorld::doomed);
  CHECK(world.gone() >= 100);
  CHECK(world.gone() < BusyWorld::doomed);
}

TEST_CASE("SIGINT in the middle of a batch is status 130, the batch finished",
          "[postgres][program]") {
  BusyWorld world;
  const Ended ended = interrupt_a_batch(world, SIGINT);
  CHECK(ended.status == 130);
  check_summary(world, ended, BusyWorld::doomed);
  CHECK(world.gone() >= 100);
}

TEST_CASE("an interrupted run counts what it left", "[postgres][program]") {
  BusyWorld world;
  const Ended ended = tests::run_program(
      world.command(), {{"JANITOR_TEST_FAULT", "batch.destroyed:3:TERM"}});
  const nlohmann::json backlog = tests::summary_of(ended).at("backlog");
  CHECK(backlog.at("unlocked") == BusyWorld::unlocked - world.gone());
  CHECK(backlog.at("objects") == BusyWorld::entries);
}
