#include "jobs/time_slice.hpp"

#include <catch2/catch.hpp>

using jobs::TimeSlice;
using Timestamp = TimeSlice::Timestamp;
using namespace std::chrono_literals;

namespace {

constexpr Timestamp year(int number) {
  return std::chrono::sys_days{std::chrono::year{number} / 1 / 1};
}

}  // namespace

TEST_CASE("a slice reaches up to the horizon at first", "[unit]") {
  const TimeSlice slice(year(2024));
  CHECK(slice.end() == year(2024));
  CHECK(slice.reaches_horizon());
}

TEST_CASE("a slice that times out is cut to an eighth", "[unit]") {
  TimeSlice slice(year(2024));
  const Timestamp from = year(2024) - 64h;
  CHECK(slice.narrow(from));
  CHECK(slice.end() == from + 8h);
  CHECK_FALSE(slice.reaches_horizon());
  CHECK(slice.narrow(from));
  CHECK(slice.end() == from + 1h);
}

TEST_CASE("slices that pass grow again, up to the horizon and no further",
          "[unit]") {
  TimeSlice slice(year(2024));
  const Timestamp from = year(2024) - 64h;
  slice.narrow(from);
  slice.narrow(from);
  slice.move_on();
  CHECK(slice.end() == from + 9h);
  slice.move_on();
  CHECK(slice.end() == year(2024));
  CHECK(slice.reaches_horizon());
}

TEST_CASE("a slice that grew too fast is cut from where the page stands",
          "[unit]") {
  TimeSlice slice(year(2024));
  const Timestamp from = year(2024) - 64h;
  slice.narrow(from);
  slice.move_on();
  REQUIRE(slice.reaches_horizon());
  CHECK(slice.narrow(from + 8h));
  CHECK(slice.end() == from + 8h + 7h);
}

TEST_CASE("from the beginning of time a slice is cut as if ten years long",
          "[unit]") {
  constexpr Timestamp::duration ten_years = std::chrono::years{10};
  for (const int horizon : {1999, 2023}) {
    TimeSlice slice(year(horizon));
    CHECK(slice.narrow(Timestamp::min()));
    CHECK(slice.end() == year(horizon) - ten_years + ten_years / 8);
  }
}

TEST_CASE("a slice of a millisecond can't be cut any more", "[unit]") {
  TimeSlice slice(year(2024));
  const Timestamp from = year(2024) - 10ms;
  CHECK(slice.narrow(from));
  CHECK_FALSE(slice.narrow(from));
}

TEST_CASE("cutting ends, wherever it began", "[unit]") {
  for (const Timestamp from : {Timestamp::min(), year(1970), year(2015),
                               year(2024) - 1us, year(2024)}) {
    TimeSlice slice(year(2024));
    int cuts = 0;
    while (slice.narrow(from)) {
      CHECK(slice.end() > from);
      CHECK(slice.end() < year(2024));
      REQUIRE(++cuts < 20);
    }
  }
}
