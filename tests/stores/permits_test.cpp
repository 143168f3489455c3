#include "stores/permits.hpp"

#include <memory>
#include <thread>
#include <vector>

#include "tests/stores/decorated.hpp"
#include "tests/stores/fake_time.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using stores::Permits;
using tests::FakeTime;
using tests::never_stops;
using Permit = stores::Permits::Permit;
using Sleeps = std::vector<std::chrono::milliseconds>;

namespace {

void succeed(Permits& permits, int times) {
  for (int i = 0; i < times; ++i)
    Permit(permits).succeeded();
}

void be_refused(Permits& permits, std::chrono::milliseconds retry_after = 0ms) {
  Permit(permits).refused(retry_after);
}

}  // namespace

TEST_CASE("permits fall by half, down to one", "[unit]") {
  FakeTime time;
  Permits permits(9, never_stops, time.timing());
  std::vector<std::size_t> counts;
  for (int i = 0; i < 5; ++i) {
    be_refused(permits);
    counts.push_back(permits.count());
  }
  CHECK(counts == std::vector<std::size_t>{4, 2, 1, 1, 1});
}

TEST_CASE(
    "permits grow by one after as many successes as there are, up to the "
    "width",
    "[unit]") {
  FakeTime time;
  Permits permits(6, never_stops, time.timing());
  be_refused(permits);
  REQUIRE(permits.count() == 3);
  succeed(permits, 2);
  CHECK(permits.count() == 3);
  succeed(permits, 1);
  CHECK(permits.count() == 4);
  succeed(permits, 3);
  CHECK(permits.count() == 4);
  succeed(permits, 1);
  CHECK(permits.count() == 5);
  succeed(permits, 1000);
  CHECK(permits.count() == 6);
  succeed(permits, 1000);
  CHECK(permits.count() == 6);
}

TEST_CASE("a number that was refused is tried again seldom", "[unit]") {
  FakeTime time;
  Permits permits(8, never_stops, time.timing());
  be_refused(permits);
  be_refused(permits);
  REQUIRE(permits.count() == 2);  // 4 were too many
  succeed(permits, 2);
  REQUIRE(permits.count() == 3);
  int wait = Permits::first_probe;
  for (int probe = 0; probe < 6; ++probe) {
    succeed(permits, wait - 1);
    CHECK(permits.count() == 3);
    succeed(permits, 1);
    CHECK(permits.count() == 4);
    be_refused(permits);
    REQUIRE(permits.count() == 2);
    succeed(permits, 2);
    wait = std::min<int>(2 * wait, Permits::longest_probe);
  }
}

TEST_CASE("a number that is borne after all is no limit any more", "[unit]") {
  FakeTime time;
  Permits permits(8, never_stops, time.timing());
  be_refused(permits);
  be_refused(permits);
  succeed(permits, 2);
  succeed(permits, Permits::first_probe);
  REQUIRE(permits.count() == 4);
  succeed(permits, 5);
  CHECK(permits.count() == 5);
  succeed(permits, 5 + 6 + 7);
  CHECK(permits.count() == 8);
}

TEST_CASE("one permit that is refused stays one", "[unit]") {
  FakeTime time;
  Permits permits(4, never_stops, time.timing());
  for (int i = 0; i < 5; ++i)
    be_refused(permits);
  REQUIRE(permits.count() == 1);
  succeed(permits, Permits::first_probe - 1);
  CHECK(permits.count() == 1);
}

TEST_CASE("a refusal takes back the successes before it", "[unit]") {
  FakeTime time;
  Permits permits(8, never_stops, time.timing());
  be_refused(permits);
  succeed(permits, 3);
  be_refused(permits);
  REQUIRE(permits.count() == 2);
  succeed(permits, 1);
  CHECK(permits.count() == 2);
  succeed(permits, 1);
  CHECK(permits.count() == 3);
}

TEST_CASE("what neither succeeds nor is refused changes nothing", "[unit]") {
  FakeTime time;
  Permits permits(4, never_stops, time.timing());
  be_refused(permits);
  for (int i = 0; i < 100; ++i)
    const Permit permit(permits);
  CHECK(permits.count() == 2);
}

TEST_CASE("requests that were under way together are refused once", "[unit]") {
  FakeTime time;
  Permits permits(16, never_stops, time.timing());
  tests::Crowd crowd;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      Permit permit(permits);
      crowd.enter();
      crowd.wait_for(4);
      permit.refused({});
    });
  for (std::thread& thread : threads)
    thread.join();
  CHECK(permits.count() == 8);
  be_refused(permits);
  CHECK(permits.count() == 4);
}

TEST_CASE("a success of a time when there were more permits does not count",
          "[unit]") {
  FakeTime time;
  Permits permits(2, never_stops, time.timing());
  tests::Crowd crowd;
  std::atomic<bool> may_end{false};
  std::thread early([&] {
    Permit permit(permits);
    crowd.enter();
    while (!may_end)
      std::this_thread::yield();
    permit.succeeded();
  });
  crowd.wait_for(1);
  be_refused(permits);
  may_end = true;
  early.join();
  CHECK(permits.count() == 1);
  succeed(permits, Permits::first_probe - 1);
  CHECK(permits.count() == 1);
  succeed(permits, 1);
  CHECK(permits.count() == 2);
}

TEST_CASE("no more have a permit than there are", "[unit]") {
  FakeTime time;
  Permits permits(3, never_stops, time.timing());
  tests::Crowd crowd;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      for (int round = 0; round < 50; ++round) {
        const Permit permit(permits);
        crowd.enter();
        crowd.wait_for(3);
        std::this_thread::yield();
        crowd.leave();
      }
    });
  for (std::thread& thread : threads)
    thread.join();
  CHECK(crowd.most() == 3);
}

TEST_CASE("those who wait for a permit get one when there are more", "[unit]") {
  FakeTime time;
  Permits permits(3, never_stops, time.timing());
  be_refused(permits);
  REQUIRE(permits.count() == 1);
  Permit first(permits);
  const int before = time.looks();
  std::thread second([&] { const Permit permit(permits); });
  // Who looks at the clock has the lock, and keeps it until it waits.
  while (time.looks() == before)
    std::this_thread::yield();
  first.succeeded();  // and is not given back before the other has its own
  second.join();
  CHECK(permits.count() == 2);
}

TEST_CASE("a server that wants to be left alone gets no request until then",
          "[unit]") {
  FakeTime time;
  Permits permits(4, never_stops, time.timing());
  be_refused(permits, 2s);
  CHECK(time.sleeps().empty());
  { const Permit permit(permits); }
  CHECK(time.sleeps() == Sleeps{2s});
  { const Permit permit(permits); }
  CHECK(time.sleeps() == Sleeps{2s});

  be_refused(permits, 1h);
  { const Permit permit(permits); }
  CHECK(time.sleeps() == Sleeps{2s, 60s});
}

TEST_CASE("a shorter time to be left alone does not end a longer one",
          "[unit]") {
  FakeTime time;
  Permits permits(4, never_stops, time.timing());
  {
    Permit long_one(permits);
    long_one.refused(5s);
    long_one.refused(1s);
  }
  const Permit permit(permits);
  CHECK(time.sleeps() == Sleeps{5s});
}

TEST_CASE("after a stop nobody is held back", "[unit]") {
  FakeTime time;
  std::atomic<bool> stop{false};
  Permits permits(4, stop, time.timing());
  be_refused(permits, 5s);
  time.before_sleep = [&] { stop = true; };
  { const Permit permit(permits); }
  CHECK(time.sleeps() == Sleeps{5s});
  { const Permit permit(permits); }
  CHECK(time.sleeps() == Sleeps{5s});
}

TEST_CASE("who has a permit does not wait for another", "[unit]") {
  FakeTime time;
  Permits permits(1, never_stops, time.timing());
  Permits others(1, never_stops, time.timing());
  CHECK_FALSE(permits.held_here());
  {
    const Permit outer(permits);
    CHECK(permits.held_here());
    CHECK_FALSE(others.held_here());
    { const Permit inner(permits); }
    CHECK(permits.held_here());
    const Permit other(others);
    CHECK(others.held_here());
  }
  CHECK_FALSE(permits.held_here());
  const Permit again(permits);
}

TEST_CASE("a width of nothing is one", "[unit]") {
  FakeTime time;
  Permits permits(0, never_stops, time.timing());
  CHECK(permits.count() == 1);
  const Permit permit(permits);
}
