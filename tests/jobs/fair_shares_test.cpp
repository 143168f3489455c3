#include "jobs/fair_shares.hpp"
#include "tests/support/fault_point.hpp"
#include "tests/support/world.hpp"

#include <catch2/catch.hpp>

#include <thread>

using jobs::FairShares;
using std::chrono::hours;
using telemetry::Deadline;
using telemetry::Outcome;
using telemetry::Pass;

namespace {

/// To the minute: a moment passes between two looks at the clock.
std::int64_t minutes_left(const Deadline& deadline) {
  return std::chrono::round<std::chrono::minutes>(*deadline.left()).count();
}

}  // namespace

TEST_CASE("who comes again late takes nothing of what is kept for the last",
          "[unit]") {
  const FairShares shares(telemetry::Deadline(std::chrono::milliseconds{200}),
                          2);
  std::this_thread::sleep_for(std::chrono::milliseconds{170});
  const auto left = shares.before(1).left();
  REQUIRE(left);
  CHECK(*left <= std::chrono::milliseconds{1});
}

TEST_CASE("half of the time is kept for the passes to come, in equal parts",
          "[unit]") {
  const FairShares shares(Deadline(hours{10}), 5);
  CHECK(minutes_left(shares.before(4)) == 6 * 60);
  CHECK(minutes_left(shares.before(1)) == 9 * 60);
  CHECK(minutes_left(shares.before(0)) == 10 * 60);
  CHECK(minutes_left(FairShares(Deadline(hours{10}), 1).before(0)) == 10 * 60);
}

TEST_CASE("without a time limit no pass has one", "[unit]") {
  CHECK_FALSE(FairShares(Deadline(), 5).before(4).left());
}

TEST_CASE("a pass that is slow leaves the next its share, and comes again",
          "[postgres][locks][slow]") {
  tests::World world;
  world.options.time_limit = std::chrono::seconds{6};
  world.options.concurrency = 1;
  world.options.batch_size = 10;
  world.options.passes = {Pass::unlocked, Pass::objects};
  world.add_many(30);
  world.add_entry("ab/cd", "due.json");
  std::vector<std::string> order;
  const tests::FaultHook batches("batch.destroyed", [&] {
    order.emplace_back("unlocked");
    // Longer than its share, which is 4.5 of the 6 seconds, once.
    if (order.size() == 1)
      std::this_thread::sleep_for(std::chrono::milliseconds{4600});
  });
  const tests::FaultHook entries("objects.leased",
                                 [&] { order.emplace_back("objects"); });

  const telemetry::Report& report = world.run();

  CHECK(order == std::vector<std::string>{"unlocked", "objects", "unlocked",
                                          "unlocked"});
  CHECK(report.outcome() == Outcome::drained);
  CHECK(report.destroyed() == 30);
  CHECK(world.violations().empty());
}
