#include "db/gate.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <thread>
#include <vector>

using db::Gate;
using std::chrono::milliseconds;

namespace {

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

  void once(milliseconds each) {
    const auto entered = gate.enter(stop);
    const int together = ++inside;
    int before = most;
    while (before < together && !most.compare_exchange_weak(before, together))
      continue;
    std::this_thread::sleep_for(each);
    --inside;
    gate.leave(entered);
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
  at.once(milliseconds{0});
  CHECK(Gate::Clock::now() - began >= milliseconds{40});
  CHECK(Gate::waited() >= milliseconds{25});
}

TEST_CASE("nobody waits at a gate that is opened, or for a run that stops",
          "[unit]") {
  AtTheGate at;
  at.gate.limit(1);
  at.once(milliseconds{20});  // two seconds of rest
  SECTION("opened") {
    at.gate.limit(0);
  }
  SECTION("stopped") {
    at.stop = true;
  }
  const auto began = Gate::Clock::now();
  at.once(milliseconds{0});
  CHECK(Gate::Clock::now() - began < Gate::longest_rest);
}
