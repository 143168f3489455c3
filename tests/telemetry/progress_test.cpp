#include "telemetry/progress.hpp"

#include "telemetry/standard_error.hpp"
#include "tests/telemetry/captured_standard_error.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <thread>
#include <vector>

using namespace telemetry;
using namespace std::chrono_literals;

namespace {

const ProgressState half{.what = "unlocked",
                         .expected = 20'000,
                         .done = 10'000,
                         .bytes = 100 << 20,
                         .elapsed = 5s};

}  // namespace

TEST_CASE("a bar shows the share done, the rate, the size and the time left",
          "[unit]") {
  CHECK(bar_line(half, 80) ==
        "unlocked  [==========>          ]  10,000/20,000  2,000/s  100.0 MiB"
        "  0:05 left");
  ProgressState finished = half;
  finished.done = 20'000;
  finished.finished = true;
  CHECK(bar_line(finished, 80) ==
        "unlocked  [=======================]  20,000/20,000  4,000/s  100.0 MiB"
        "  in 0:05");
}

TEST_CASE("a bar leaves the last column of a terminal free", "[unit]") {
  for (unsigned width = 0; width < 300; ++width)
    CHECK(bar_line(half, width).size() < std::max(width, 1U));
  CHECK(bar_line(half, 200).size() == 199);
}

TEST_CASE("a narrow terminal gets the figures without a bar", "[unit]") {
  CHECK(bar_line(half, 60) ==
        "unlocked  10,000/20,000  2,000/s  100.0 MiB  0:05 left");
  CHECK(bar_line(half, 20) == "unlocked  10,000/20");
}

TEST_CASE("without an expected number there is no bar and no time left",
          "[unit]") {
  ProgressState unknown = half;
  unknown.expected = 0;
  CHECK(bar_line(unknown, 80) == "unlocked  10,000  2,000/s  100.0 MiB");
  CHECK(plain_line(unknown) == "unlocked: 10,000, 2,000/s, 100.0 MiB");
}

TEST_CASE("before anything is done no rate is invented", "[unit]") {
  const ProgressState fresh{.what = "legacy", .expected = 10};
  CHECK(plain_line(fresh) == "legacy: 0 of 10 (0 %)");
  CHECK(bar_line(fresh, 30) == "legacy  [>            ]  0/10");
}

TEST_CASE("a plain line says the same in words", "[unit]") {
  CHECK(plain_line(half) ==
        "unlocked: 10,000 of 20,000 (50 %), 2,000/s, 100.0 MiB, 0:05 left");
  ProgressState slow = half;
  slow.elapsed = 5h;
  CHECK(plain_line(slow).ends_with("5:00:00 left"));
}

TEST_CASE("style none writes nothing, nor does automatic off a terminal",
          "[unit]") {
  for (const ProgressStyle style :
       {ProgressStyle::none, ProgressStyle::automatic})
    CHECK(tests::standard_error_of([style] {
            Progress progress(style);
            progress.begin("unlocked", 10);
            progress.advance(10);
            progress.end();
          }).empty());
}

TEST_CASE("automatic draws a bar as wide as the terminal", "[unit]") {
  const std::string text = tests::terminal_output_of(50, [] {
    Progress progress(ProgressStyle::automatic);
    progress.begin("unlocked", 10);
    progress.end();
  });
  const std::string first = text.substr(0, text.find("0/10") + 4);
  CHECK(first.starts_with("\r\x1b[Kunlocked  [>"));
  CHECK(first.size() == 4 + 49);
  CHECK(text.ends_with("\r\n"));
}

TEST_CASE("a bar is drawn at its begin and end, and seldom in between",
          "[unit]") {
  const std::string text = tests::standard_error_of([] {
    Progress progress(ProgressStyle::bar);
    progress.begin("unlocked", 100'000);
    for (int i = 0; i < 100'000; ++i)
      progress.advance(1);
    progress.end();
    progress.end();
  });
  CHECK(text.find("100,000/100,000") != std::string::npos);
  CHECK(text.size() < 10'000);
  CHECK(std::count(text.begin(), text.end(), '\n') == 1);
}

TEST_CASE("a bar moves when a fifth of a second has passed", "[unit]") {
  const std::string text = tests::standard_error_of([] {
    Progress progress(ProgressStyle::bar);
    progress.begin("unlocked", 100);
    std::this_thread::sleep_for(250ms);
    progress.advance(40);
    progress.advance(1);
    progress.end();
  });
  CHECK(text.find("  40/100") != std::string::npos);
}

TEST_CASE("more rows than expected raise what is expected", "[unit]") {
  const std::string text = tests::standard_error_of([] {
    Progress progress(ProgressStyle::plain);
    progress.begin("unlocked", 10);
    progress.advance(15);
    progress.end();
  });
  CHECK(text.starts_with("unlocked: 15 of 15 (100 %)"));
}

TEST_CASE("plain writes a line at the end of each pass", "[unit]") {
  const std::string text = tests::standard_error_of([] {
    Progress progress(ProgressStyle::plain);
    progress.begin("unlocked", 10);
    progress.advance(5, 1 << 20);
    progress.begin("legacy", 0);
    progress.advance(3);
  });
  CHECK(text.starts_with("unlocked: 5 of 10 (50 %)"));
  CHECK(text.find(", 1.0 MiB, in 0:00\nlegacy: 3") != std::string::npos);
  CHECK(std::count(text.begin(), text.end(), '\n') == 2);
}

TEST_CASE("rows of several threads add up", "[unit]") {
  const std::string text = tests::standard_error_of([] {
    Progress progress(ProgressStyle::plain);
    progress.begin("unlocked", 0);
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; ++thread)
      threads.emplace_back([&progress] {
        for (int i = 0; i < 1000; ++i)
          progress.advance(1);
      });
    for (std::thread& thread : threads)
      thread.join();
    progress.end();
  });
  CHECK(text.starts_with("unlocked: 4,000"));
}
