#include "db/gate.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <thread>
#include <vector>

using db::Gate;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds half_a_rest = milliseconds{Gate::longest_rest} / 2;

/// What some threads do at a gate at once, each so often.
struct AtTheGate {
  void work(int threads, int times, milliseconds each) {
    std::vector<std::thread> all;
    for (int i = 0; i < threads; ++i)
      all.emplace_back([this, times, each] {
        for (int n = 0; n < times; ++n)
          once(each);
      });
    for (std::thread& thread : all)
      thread.join();
  }

  /// \return how long it waited.
  Gate::Clock::duration once(milliseconds each,
                             const telemetry::Deadline& deadline = {}) {
    const Gate::Clock::duration waited = Gate::waited();
    const auto entered = gate.enter(stop, deadline);
    const int together = ++inside;
    int before = most;
    while (before < together && !most.compare_exchange_weak(before, together))
      continue;
    std::this_thread::sleep_for(each);
    --inside;
    gate.leave(entered);
    return Gate::waited() - waited;
  }

  std::atomic<bool> stop{false};
  Gate gate;
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
};

}  // namespace

TEST_CASE("a gate lets as many be at work as its limit says", "[unit]") {
  AtTheGate at;
  at.gate.limit(100);
  at.work(4, 3, milliseconds{2});
  CHECK(at.most == 1);
  at.gate.limit(150);
  at.work(4, 3, milliseconds{2});
  CHECK(at.most <= 2);
}

TEST_CASE("who leaves a gate keeps the next one waiting for the rest",
          "[unit]") {
  AtTheGate at;
  at.gate.limit(25);
  const auto began = Gate::Clock::now();
  at.once(milliseconds{10});
  CHECK(at.once(milliseconds{0}) >= milliseconds{25});
  CHECK(Gate::Clock::now() - began >= milliseconds{40});
}

TEST_CASE(
    "nobody waits at a gate that is opened, for a run that stops, nor past "
    "his deadline",
    "[unit]") {
  AtTheGate at;
  telemetry::Deadline deadline;
  at.gate.limit(1);
  at.once(milliseconds{20});  // a second of rest
  SECTION("opened") {
    at.gate.limit(0);
  }
  SECTION("stopped") {
    at.stop = true;
  }
  SECTION("past the deadline") {
    deadline = telemetry::Deadline(milliseconds{1});
  }
  CHECK(at.once(milliseconds{0}, deadline) < half_a_rest);
}

TEST_CASE("a statement that took long is not paid for in full", "[unit]") {
  AtTheGate at;
  at.gate.limit(1);
  at.once(milliseconds{50});  // five seconds
  const auto waited = at.once(milliseconds{0});
  CHECK(waited > half_a_rest);
  CHECK(waited < 4 * Gate::longest_rest);
}
