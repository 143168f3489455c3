#include "jobs/adaptive_size.hpp"
#include "jobs/token_bucket.hpp"

#include <catch2/catch.hpp>

using jobs::AdaptiveSize;
using jobs::TokenBucket;
using std::chrono::milliseconds;

namespace {

void take_times(AdaptiveSize& size, int statements, milliseconds each) {
  for (int i = 0; i < statements; ++i)
    size.took(each);
}

}  // namespace

TEST_CASE("a size stays at its most while statements keep within the target",
          "[unit]") {
  AdaptiveSize size(1000);
  take_times(size, 1000, AdaptiveSize::target);
  CHECK(size.size() == 1000);
}

TEST_CASE("one statement in a hundred above the target keeps the size",
          "[unit]") {
  AdaptiveSize size(1000);
  for (int i = 0; i < 100; ++i) {
    take_times(size, 1, AdaptiveSize::target + milliseconds{1});
    CHECK(size.size() == 800);
    take_times(size, 100, milliseconds{40});
    CHECK(size.size() == 1000);
  }
}

TEST_CASE("slow statements shrink, to a tenth, and fast ones grow again",
          "[unit]") {
  AdaptiveSize size(5000);
  take_times(size, 1, milliseconds{201});
  CHECK(size.size() == 2500);
  take_times(size, 50, milliseconds{60});
  CHECK(size.size() == 500);
  take_times(size, 100, milliseconds{25});
  CHECK(size.size() == 1500);
}

TEST_CASE("statements within half of the target grow ten times as fast",
          "[unit]") {
  AdaptiveSize size(1000);
  take_times(size, 20, milliseconds{60});
  CHECK(size.size() == 100);
  take_times(size, 10, milliseconds{24});
  CHECK(size.size() == 300);
  take_times(size, 35, milliseconds{24});
  CHECK(size.size() == 1000);
}

TEST_CASE("a shorter target takes its part of the size at once", "[unit]") {
  AdaptiveSize size(1000);
  size.aim(milliseconds{10});
  CHECK(size.size() == 200);
  take_times(size, 1, milliseconds{11});
  CHECK(size.size() == 160);
  take_times(size, 50, milliseconds{10});
  CHECK(size.size() == 260);
  size.aim(AdaptiveSize::target);
  CHECK(size.size() == 1000);
}

TEST_CASE("a small size is left as it is", "[unit]") {
  for (const int most : {1, 7, 100}) {
    AdaptiveSize size(most);
    take_times(size, 50, milliseconds{5000});
    CHECK(size.size() == most);
  }
}

TEST_CASE("a rate lets its rows pass evenly, whoever asks", "[unit]") {
  TokenBucket bucket(100);
  const TokenBucket::Clock::time_point start{std::chrono::hours{1}};
  CHECK(bucket.take(50, start) == start);
  CHECK(bucket.take(100, start) == start + milliseconds{500});
  CHECK(bucket.take(1, start + milliseconds{600}) ==
        start + milliseconds{1500});
  CHECK(bucket.at_most(1000) == 100);
  CHECK(bucket.at_most(10) == 10);
}

TEST_CASE("a rate saves nothing up for later", "[unit]") {
  TokenBucket bucket(100);
  const TokenBucket::Clock::time_point start{std::chrono::hours{1}};
  bucket.take(100, start);
  const auto later = start + std::chrono::hours{1};
  CHECK(bucket.take(100, later) == later);
  CHECK(bucket.take(100, later) == later + std::chrono::seconds{1});
}

TEST_CASE("without a rate nobody waits", "[unit]") {
  TokenBucket bucket(0);
  const TokenBucket::Clock::time_point start{std::chrono::hours{1}};
  for (int i = 0; i < 3; ++i)
    CHECK(bucket.take(1'000'000'000, start) == start);
  CHECK(bucket.at_most(1'000'000'000) == 1'000'000'000);
}
