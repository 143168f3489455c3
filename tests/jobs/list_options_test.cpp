#include "tests/jobs/parsing.hpp"

#include <catch2/catch.hpp>

#include <set>

using tests::parse;
using tests::refusal;

TEST_CASE("passes are a list, in any order, or all", "[unit]") {
  CHECK(parse({"run", "--passes", "objects"}).passes ==
        std::set{telemetry::Pass::objects});
  CHECK(parse({"run", "--passes", "all"}).passes.size() == 5);
  CHECK(
      refusal({"run", "--passes", "unlocked,unlokced"}) ==
      "--passes is 'unlokced', but must be unlocked, legacy, objects, builds, "
      "traces or all");
  CHECK(refusal({"run", "--passes", "unlocked,"}) != "");
  CHECK(refusal({"run", "--passes", ""}) != "");
}
