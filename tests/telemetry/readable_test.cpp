#include "telemetry/readable.hpp"

#include <catch2/catch.hpp>

#include <limits>

using namespace telemetry;

TEST_CASE("what commands a terminal is escaped", "[unit]") {
  CHECK(escaped("\x1b[31mred\x1b[0m") == "\\x1b[31mred\\x1b[0m");
  CHECK(escaped("a\nb\rc\td") == "a\\nb\\rc\\td");
  CHECK(escaped(std::string_view("\0\x07\x7f", 3)) == "\\x00\\x07\\x7f");
  CHECK(escaped("\xc2\x9b"
                "31m") == "\\u009b31m");
  CHECK(escaped("\xe2\x80\xae"
                "txt.exe") == "\\u202etxt.exe");
  CHECK(escaped("\xe2\x80\xa8") == "\\u2028");
}

TEST_CASE("text that does no harm stays as it is", "[unit]") {
  for (const char* const text :
       {"", "plain", "back\\slash", "\\x1b", "\xc3\xa9\xe2\x82\xac",
        "\xf0\x9f\x98\x80", "100 %"})
    CHECK(escaped(text) == text);
}

TEST_CASE("bytes that are not UTF-8 are escaped one by one", "[unit]") {
  CHECK(escaped("a\xff"
                "b") == "a\\xffb");
  CHECK(escaped("\xc3") == "\\xc3");
  CHECK(escaped("\xc0\xaf") == "\\xc0\\xaf");
  CHECK(escaped("\xe0\x80\xaf") == "\\xe0\\x80\\xaf");
  CHECK(escaped("\xed\xa0\x80") == "\\xed\\xa0\\x80");
  CHECK(escaped("\xf4\x90\x80\x80") == "\\xf4\\x90\\x80\\x80");
  CHECK(escaped("\xe2\x82") == "\\xe2\\x82");
  CHECK(escaped("\xf5") == "\\xf5");
}

TEST_CASE("quotes stand around a text that is cut off where it is long",
          "[unit]") {
  CHECK(in_quotes("") == "''");
  CHECK(in_quotes("a\nb") == "'a\\nb'");
  CHECK(in_quotes(std::string(200, 'x')) == "'" + std::string(200, 'x') + "'");
  CHECK(in_quotes(std::string(201, 'x')) ==
        "'" + std::string(200, 'x') + "...'");
}

TEST_CASE("text for JSON has a mark for each byte that is not UTF-8",
          "[unit]") {
  CHECK(valid_utf8("a\xff"
                   "b\xc3") ==
        "a\xEF\xBF\xBD"
        "b\xEF\xBF\xBD");
  CHECK(valid_utf8("\xe2\x82\xac\n") == "\xe2\x82\xac\n");
}

TEST_CASE("numbers are grouped by thousands", "[unit]") {
  CHECK(grouped(0) == "0");
  CHECK(grouped(999) == "999");
  CHECK(grouped(1000) == "1,000");
  CHECK(grouped(1'234'567) == "1,234,567");
  CHECK(grouped(-1000) == "-1,000");
  CHECK(grouped(-100) == "-100");
  CHECK(grouped(std::numeric_limits<std::int64_t>::min()) ==
        "-9,223,372,036,854,775,808");
}

TEST_CASE("bytes are shown as MiB, rounded to a tenth", "[unit]") {
  constexpr std::int64_t mebibyte = 1024 * 1024;
  CHECK(mebibytes(0) == "0.0");
  CHECK(mebibytes(mebibyte) == "1.0");
  CHECK(mebibytes(mebibyte * 3 / 2) == "1.5");
  CHECK(mebibytes(mebibyte - 1) == "1.0");
  CHECK(mebibytes(1024 * mebibyte) == "1,024.0");
  CHECK(mebibytes(std::numeric_limits<std::int64_t>::max()) ==
        "8,796,093,022,208.0");
}
