#include "telemetry/timestamp.hpp"

#include <catch2/catch.hpp>

#include <cstdint>

using telemetry::format_timestamp;
using telemetry::parse_timestamp;
using telemetry::Timestamp;

namespace {

Timestamp at_microseconds(std::int64_t count) {
  return Timestamp{std::chrono::microseconds{count}};
}

/// What is read from \a text, written again; "nothing" where nothing is.
std::string reading_of(std::string_view text) {
  const auto moment = parse_timestamp(text);
  return moment ? format_timestamp(*moment) : "nothing";
}

}  // namespace

TEST_CASE("a moment is written in UTC with a fraction only where it has one",
          "[unit]") {
  CHECK(format_timestamp(at_microseconds(0)) == "1970-01-01T00:00:00Z");
  CHECK(format_timestamp(at_microseconds(1)) == "1970-01-01T00:00:00.000001Z");
  CHECK(format_timestamp(at_microseconds(500'000)) == "1970-01-01T00:00:00.5Z");
  CHECK(format_timestamp(at_microseconds(-1)) == "1969-12-31T23:59:59.999999Z");
  CHECK(format_timestamp(at_microseconds(1'665'059'400'000'000)) ==
        "2022-10-06T12:30:00Z");
}

TEST_CASE("a moment is read to the microsecond", "[unit]") {
  CHECK(parse_timestamp("1970-01-01T00:00:00Z") == at_microseconds(0));
  CHECK(parse_timestamp("2022-10-06T12:30:00Z") ==
        at_microseconds(1'665'059'400'000'000));
  CHECK(parse_timestamp("2022-10-06 12:30:00.000001Z") ==
        at_microseconds(1'665'059'400'000'001));
  CHECK(parse_timestamp("1970-01-01T00:00:00.5Z") == at_microseconds(500'000));
  CHECK(parse_timestamp("1969-12-31T23:59:59.999999Z") == at_microseconds(-1));
}

TEST_CASE("date and time may be parted by a T or a blank, seconds left out",
          "[unit]") {
  for (const char* const text :
       {"2022-10-06T12:30:00Z", "2022-10-06 12:30:00Z", "2022-10-06t12:30:00z",
        "2022-10-06T12:30Z", "2022-10-06 12:30", "2022-10-06 12:30:00+00",
        "2022-10-06T12:30:00.000000"})
    CHECK(reading_of(text) == "2022-10-06T12:30:00Z");
}

TEST_CASE("an offset is taken off, also over the end of a year", "[unit]") {
  CHECK(reading_of("2022-10-06T12:30:00+02") == "2022-10-06T10:30:00Z");
  CHECK(reading_of("2022-10-06T12:30:00+0230") == "2022-10-06T10:00:00Z");
  CHECK(reading_of("2022-10-06T12:30:00-02:30") == "2022-10-06T15:00:00Z");
  CHECK(reading_of("2022-01-01 00:00:00+00:01") == "2021-12-31T23:59:00Z");
  CHECK(reading_of("2021-12-31 23:30-01") == "2022-01-01T00:30:00Z");
}

TEST_CASE("a leap day exists every fourth year but three in four centuries",
          "[unit]") {
  CHECK(reading_of("2024-02-29T00:00:00Z") == "2024-02-29T00:00:00Z");
  CHECK(reading_of("2000-02-29T00:00:00Z") == "2000-02-29T00:00:00Z");
  CHECK(reading_of("2023-02-29T00:00:00Z") == "nothing");
  CHECK(reading_of("1900-02-29T00:00:00Z") == "nothing");
  CHECK(reading_of("2100-02-29T00:00:00Z") == "nothing");
  CHECK(reading_of("2024-02-28T23:00:00-02") == "2024-02-29T01:00:00Z");
}

TEST_CASE("moments far from now are read and written alike", "[unit]") {
  for (const char* const text :
       {"1999-12-31T23:59:59Z", "1600-02-29T12:00:00Z", "0001-01-01T00:00:00Z",
        "0001-12-31T23:59:59.999999Z BC", "4713-01-01T00:00:00Z BC",
        "9999-12-31T23:59:59.999999Z", "10000-01-01T00:00:00Z",
        "32768-02-29T00:00:00Z", "292277-01-09T00:00:00Z"})
    CHECK(reading_of(text) == text);
  CHECK(reading_of("0001-01-01T00:00:00+01") == "0001-12-31T23:00:00Z BC");
}

TEST_CASE("the two ends of time are PostgreSQL's infinities", "[unit]") {
  CHECK(format_timestamp(Timestamp::max()) == "infinity");
  CHECK(format_timestamp(Timestamp::min()) == "-infinity");
  CHECK(parse_timestamp("infinity") == Timestamp::max());
  CHECK(parse_timestamp("-infinity") == Timestamp::min());
}

TEST_CASE("the moments beside the ends of time can be written", "[unit]") {
  using std::chrono::microseconds;
  CHECK(format_timestamp(Timestamp::max() - microseconds{1}) ==
        "294247-01-10T04:00:54.775806Z");
  CHECK(format_timestamp(Timestamp::min() + microseconds{1}) ==
        "290309-12-21T19:59:05.224193Z BC");
}

TEST_CASE("a moment beyond what can be kept is refused, not wrapped around",
          "[unit]") {
  CHECK(reading_of("294247-01-10T04:00:54Z") != "nothing");
  CHECK(reading_of("294247-01-10T05:00:00Z") == "nothing");
  CHECK(reading_of("999999-01-01T00:00:00Z") == "nothing");
  CHECK(reading_of("999999-01-01T00:00:00Z BC") == "nothing");
}

TEST_CASE("what is not a moment is refused", "[unit]") {
  for (const char* const text : {"",
                                 " ",
                                 "now",
                                 "2022-10-06",
                                 "2022-10-06T",
                                 "12:30:00",
                                 "22-10-06T12:30:00Z",
                                 "2022-13-06T12:30:00Z",
                                 "2022-00-06T12:30:00Z",
                                 "2022-10-00T12:30:00Z",
                                 "2022-04-31T12:30:00Z",
                                 "2022-10-06T24:00:00Z",
                                 "2022-10-06T12:60:00Z",
                                 "2022-10-06T12:30:60Z",
                                 "2022-10-06T1:30:00Z",
                                 "2022-10-06T12:30:00.Z",
                                 "2022-10-06T12:30:00.1234567Z",
                                 "2022-10-06T12:30:00Zjunk",
                                 "2022-10-06T12:30:00Z ",
                                 " 2022-10-06T12:30:00Z",
                                 "2022-10-06T12:30:00+",
                                 "2022-10-06T12:30:00+2",
                                 "2022-10-06T12:30:00+02:",
                                 "2022-10-06T12:30:00+02:60",
                                 "2022-10-06T12:30:00+0260",
                                 "2022-10-06T12:30:00+16:00",
                                 "2022-10-06T12:30:00 +02",
                                 "-2022-10-06T12:30:00Z",
                                 "2022/10/06 12:30",
                                 "0000-01-01T00:00:00Z",
                                 "1234567-01-01T00:00:00Z",
                                 "2022-10-06T12:30:00Z AD",
                                 "Infinity",
                                 "\xff\xfe"}) {
    INFO(text);
    CHECK(reading_of(text) == "nothing");
  }
}
