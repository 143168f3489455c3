#include "jobs/spelling.hpp"

#include <catch2/catch.hpp>

using jobs::edit_distance;

TEST_CASE("a letter more, less, changed or swapped is one edit", "[unit]") {
  CHECK(edit_distance("plan", "plan") == 0);
  CHECK(edit_distance("plan", "plane") == 1);
  CHECK(edit_distance("plan", "pan") == 1);
  CHECK(edit_distance("plan", "plum") == 2);
  CHECK(edit_distance("plan", "paln") == 1);
  CHECK(edit_distance("", "plan") == 4);
  CHECK(edit_distance("plan", "") == 4);
}

TEST_CASE("the nearest word is suggested if it is near enough", "[unit]") {
  const std::vector<std::string> known{"run", "plan", "check", "explain"};
  CHECK(jobs::nearest("explan", known) == "explain");
  CHECK(jobs::suggestion("chekc", known) == "check");
  CHECK(jobs::suggestion("banana", known) == std::nullopt);
  CHECK(jobs::suggestion(std::string(1 << 20, 'x'), known) == std::nullopt);
}
