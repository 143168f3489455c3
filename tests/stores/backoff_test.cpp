#include "stores/backoff.hpp"

#include <optional>
#include <thread>
#include <vector>

#include "tests/stores/fake_time.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using stores::Backoff;
using stores::Patience;
using Waits = std::vector<milliseconds>;

namespace {

std::atomic<bool> never{false};

/// All waits until there is none, without a time that passes.
Waits waits_of(Backoff& backoff) {
  Waits waits;
  while (const std::optional<milliseconds> wait = backoff.next())
    waits.push_back(*wait);
  return waits;
}

}  // namespace

TEST_CASE("waits double up to the longest, and end with the tries", "[unit]") {
  tests::FakeTime time(0.5);
  const stores::Timing timing = time.timing();
  const Patience patience;
  Backoff backoff(patience, never, timing);
  CHECK(backoff.tries() == 1);
  CHECK(waits_of(backoff) == Waits{50ms, 100ms, 200ms, 400ms, 800ms, 1600ms,
                                   2500ms, 2500ms, 2500ms});
  CHECK(backoff.tries() == 10);
}

TEST_CASE("chance spreads a wait from nothing to all of it", "[unit]") {
  const Patience patience{1000ms, 1000ms, 3, 1h};
  tests::FakeTime lucky(0.0);
  const stores::Timing none = lucky.timing();
  Backoff shortest(patience, never, none);
  CHECK(waits_of(shortest) == Waits{0ms, 0ms});

  tests::FakeTime unlucky(0.9999);
  const stores::Timing all = unlucky.timing();
  Backoff longest(patience, never, all);
  CHECK(waits_of(longest) == Waits{999ms, 999ms});
}

TEST_CASE("a first wait above the longest is cut", "[unit]") {
  tests::FakeTime time(0.5);
  const stores::Timing timing = time.timing();
  const Patience patience{1min, 1s, 2, 1h};
  Backoff backoff(patience, never, timing);
  CHECK(waits_of(backoff) == Waits{500ms});
}

TEST_CASE("a store that wants to be left alone is, up to a minute", "[unit]") {
  tests::FakeTime time(0.5);
  const stores::Timing timing = time.timing();
  const Patience patience{100ms, 100ms, 10, 24h};
  Backoff backoff(patience, never, timing);
  CHECK(backoff.next(2s) == 2050ms);
  CHECK(backoff.next(60s) == 60050ms);
  CHECK(backoff.next(1h) == 60050ms);
  CHECK(backoff.next(-5s) == 50ms);
}

TEST_CASE("nobody waits beyond the whole of the patience", "[unit]") {
  tests::FakeTime time(0.5);
  const stores::Timing timing = time.timing();
  const Patience patience{100ms, 100ms, 10, 10s};
  Backoff backoff(patience, never, timing);
  CHECK(backoff.next(11s) == std::nullopt);
  CHECK(backoff.tries() == 1);
  time.pass(9950ms);  // what the tries themselves take counts too
  CHECK(backoff.next() == 50ms);
  time.pass(1ms);
  CHECK(backoff.next() == std::nullopt);
}

TEST_CASE("after a stop there is no other try", "[unit]") {
  tests::FakeTime time;
  const stores::Timing timing = time.timing();
  const Patience patience;
  std::atomic<bool> stop{false};
  Backoff backoff(patience, stop, timing);
  CHECK(backoff.next());
  stop = true;
  CHECK(backoff.next() == std::nullopt);
}

TEST_CASE("a real sleep lasts, and ends when it is to stop", "[unit]") {
  const stores::Timing timing = stores::real_timing();
  const auto begin = timing.now();
  timing.sleep(30ms, never);
  CHECK(timing.now() - begin >= 30ms);

  std::atomic<bool> stop{false};
  std::thread sleeper([&] { timing.sleep(10h, stop); });
  stop = true;
  sleeper.join();
  timing.sleep(10h, stop);
}

TEST_CASE("real chance is spread evenly, and differs between threads",
          "[unit]") {
  const stores::Timing timing = stores::real_timing();
  std::vector<int> tenths(10);
  for (int i = 0; i < 10000; ++i) {
    const double chance = timing.chance();
    REQUIRE(chance >= 0.0);
    REQUIRE(chance < 1.0);
    ++tenths[static_cast<std::size_t>(chance * 10)];
  }
  for (const int count : tenths)
    CHECK(count > 700);  // 1,000 are expected, and 30 are one deviation

  double other = 0;
  std::thread([&] { other = timing.chance(); }).join();
  CHECK(other != timing.chance());
}
