#include "telemetry/statement_times.hpp"

#include <catch2/catch.hpp>

#include <thread>
#include <vector>

using namespace std::chrono_literals;
using telemetry::StatementTimes;

TEST_CASE("without statements every figure is 0", "[unit]") {
  const StatementTimes times;
  CHECK(times.count() == 0);
  CHECK(times.p99_ms() == 0);
  CHECK(times.slowest_ms() == 0);
}

TEST_CASE("a single statement is its own percentile", "[unit]") {
  StatementTimes times;
  times.record(12'345us);
  CHECK(times.count() == 1);
  CHECK(times.slowest_ms() == Approx(12.345));
  CHECK(times.p99_ms() == Approx(12.345));
}

TEST_CASE(
    "one slow statement in a hundred is left out of the percentile, two"
    " are not",
    "[unit]") {
  StatementTimes times;
  for (int i = 0; i < 99; ++i)
    times.record(1ms);
  times.record(1s);
  CHECK(times.p99_ms() < 1.1);
  CHECK(times.slowest_ms() == Approx(1000));

  StatementTimes worse;
  for (int i = 0; i < 98; ++i)
    worse.record(1ms);
  worse.record(1s);
  worse.record(1s);
  CHECK(worse.p99_ms() == Approx(1000));
}

TEST_CASE("a percentile is never too low and at most 9.1 % too high",
          "[unit]") {
  for (std::chrono::nanoseconds time = 1us; time < 3h;
       time = time * 107 / 100) {
    StatementTimes times;
    for (int i = 0; i < 199; ++i)
      times.record(time);
    times.record(4h);  // so that the slowest does not bound the percentile
    const double exact = static_cast<double>(time.count()) / 1e6;
    CHECK(times.p99_ms() >= exact * 0.999999);
    CHECK(times.p99_ms() <= exact * 1.0906);
  }
}

TEST_CASE("times out of all bounds are kept in the first and last bucket",
          "[unit]") {
  StatementTimes times;
  times.record(0ns);
  times.record(-5s);
  CHECK(times.count() == 2);
  CHECK(times.p99_ms() == 0);

  times.record(1000h);
  CHECK(times.count() == 3);
  CHECK(times.p99_ms() == Approx(3.6e9));
  CHECK(times.slowest_ms() == Approx(3.6e9));
}

TEST_CASE("no statement is lost when several threads record", "[unit]") {
  StatementTimes times;
  std::vector<std::thread> threads;
  for (int thread = 1; thread <= 4; ++thread)
    threads.emplace_back([&times, thread] {
      for (int i = 0; i < 10'000; ++i)
        times.record(std::chrono::microseconds{thread * 100});
    });
  for (std::thread& thread : threads)
    thread.join();
  CHECK(times.count() == 40'000);
  CHECK(times.slowest_ms() == Approx(0.4));
}
