#include "jobs/status_line.hpp"
#include "jobs/signals.hpp"
#include "tests/support/fault_point.hpp"
#include "tests/support/world.hpp"
#include "tests/telemetry/captured_standard_error.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <csignal>
#include <cstdio>
#include <functional>
#include <numeric>
#include <thread>
#include <vector>

using std::chrono::seconds;
using telemetry::Pass;

namespace {

/// Rows of a drain, second by second.
using Course = std::vector<std::int64_t>;

Course course_of(const std::function<double(int)>& rows_in) {
  Course course;
  for (int second = 0; second < 300; ++second)
    course.push_back(static_cast<std::int64_t>(rows_in(second)));
  return course;
}

/// The time that a line tells.
seconds time_in(const std::string& line) {
  const std::string text = line.substr(line.rfind(", ") + 2);
  int hours = 0;
  int minutes = 0;
  int rest = 0;
  REQUIRE(std::sscanf(text.c_str(), "%d:%d:%d to go", &hours, &minutes,
                      &rest) == 3);
  return std::chrono::hours{hours} + std::chrono::minutes{minutes} +
         seconds{rest};
}

/// By how much of what it then took the time told at the half is wrong.
/// \param held_back in the first half, besides
double error_at_half(const Course& course, seconds held_back = seconds{0}) {
  const auto all = std::accumulate(course.begin(), course.end(), 0LL);
  std::int64_t done = 0;
  std::size_t second = 0;
  while (2 * done < all)
    done += course[second++];
  const telemetry::ProgressState state{
      .what = "unlocked", .done = done, .elapsed = seconds{second} + held_back};
  const auto told = time_in(jobs::status_line(state, held_back, all - done));
  const auto took = static_cast<double>(course.size() - second);
  return std::abs(static_cast<double>(told.count()) - took) / took;
}

}  // namespace

TEST_CASE("the status line says done, left, rate and time", "[unit]") {
  const telemetry::ProgressState state{
      .what = "unlocked", .done = 1200, .elapsed = seconds{14}};
  CHECK(jobs::status_line(state, seconds{10}, 3400) ==
        "unlocked: 1,200 done, 3,400 left, 300/s, 0:00:11 to go");
  CHECK(jobs::status_line(state, seconds{10}, 3'600 * 300) ==
        "unlocked: 1,200 done, 1,080,000 left, 300/s, 1:00:00 to go");
  CHECK(jobs::status_line(state, seconds{14}, std::nullopt) ==
        "unlocked: 1,200 done, an unknown number left, 0/s, time to go "
        "unknown");
}

TEST_CASE("once half way, the time to go is right to a fifth", "[unit]") {
  const auto steady = [](int second) {
    return 1000 + 300 * std::sin(7.0 * second * second);  // up and down
  };
  CHECK(error_at_half(course_of(steady)) < 0.05);
  CHECK(error_at_half(course_of(steady), seconds{500}) < 0.05);
  CHECK(error_at_half(course_of([&](int second) {
          return second < 20 ? 200 : steady(second);  // cold caches
        })) < 0.2);
  CHECK(error_at_half(course_of([&](int second) {
          return steady(second) * (1 - second / 900.0);  // a third slower
        })) < 0.2);
  CHECK(error_at_half(course_of([&](int second) {
          return steady(second) * (1 + second / 900.0);
        })) < 0.2);
}

TEST_CASE("SIGUSR1 is answered with what is left, by count", "[postgres]") {
  jobs::catch_signals();
  tests::World world;
  world.options.concurrency = 1;
  world.options.batch_size = 10;
  world.options.passes = {Pass::unlocked};
  world.add_many(40);
  int hits = 0;
  const tests::FaultHook hook("batch.before_destroy", [&] {
    if (++hits != 3)
      return;
    std::raise(SIGUSR1);
    // The answer comes from another thread; the test's own time is enough.
    std::this_thread::sleep_for(seconds{1});
  });

  const std::string text = tests::standard_error_of([&] { world.run(); });

  CHECK(text.find("unlocked: 20 done, 20 left, ") != std::string::npos);
  CHECK(text.find(" to go\n") != std::string::npos);
}
