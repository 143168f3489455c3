#include "telemetry/summary.hpp"
#include "tests/support/world.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using telemetry::Ineligible;
using telemetry::NotEligible;
using telemetry::Pass;
using tests::World;

namespace {

std::int64_t total(const NotEligible& rows, Ineligible reason) {
  return rows.total[static_cast<std::size_t>(reason)].value_or(-1);
}

}  // namespace

TEST_CASE("a plan says why expired rows are not eligible",
          "[postgres][schemas][locks]") {
  World world;
  world.options.only_store = 1;
  world.options.grace = std::chrono::seconds{60};
  world.add_live();
  world.add();
  world.add_many(3, {.locked = "1", .pipeline_locked = 1, .project_id = 2});
  world.add_many(2, {.locked = "2", .pipeline_locked = 1, .project_id = 2});
  world.add({.locked = "2"});
  world.add({.locked = "1"});
  world.add({.expire_at = "now() - interval '30 seconds'"});
  world.add({.file_store = "2", .with_file = false});
  world.add({.file = "../escape", .with_file = false});

  const telemetry::Report& report = world.plan();

  CHECK(report.destroyed() == 3);
  REQUIRE(report.not_eligible);
  const NotEligible& rows = *report.not_eligible;
  CHECK(total(rows, Ineligible::locked) == 3);
  CHECK(total(rows, Ineligible::unknown) == 2);
  CHECK(total(rows, Ineligible::contradictory) == 0);
  CHECK(total(rows, Ineligible::too_young) == 1);
  CHECK(total(rows, Ineligible::other_store) == 1);
  CHECK(total(rows, Ineligible::poison) == 1);
  REQUIRE(rows.projects.size() == 2);
  CHECK(rows.projects[0].id == 2);
  CHECK(rows.projects[0].rows == NotEligible::Rows{3, 2, 0, 0, 0, 0});
  CHECK(rows.projects[1].rows == NotEligible::Rows{0, 0, 0, 1, 1, 1});
  CHECK_FALSE(rows.is_lower_bound);

  const auto json = telemetry::summary_json(report).at("not_eligible");
  CHECK(json.at("locked") == 3);
  CHECK(json.at("projects").at(0).at("unknown") == 2);
  CHECK(telemetry::summary_text(report).find(
            "project 2: 3 locked, 2 of unknown state") != std::string::npos);
}

TEST_CASE("what a lock keeps depends on who is asked to judge",
          "[postgres][schemas][locks]") {
  World world;
  world.add({.locked = "1"});
  world.add({.locked = "2"});
  SECTION("rows that say they are locked are believed") {
    world.options.trust_lock_state = true;
    const NotEligible rows = world.plan().not_eligible.value();
    CHECK(total(rows, Ineligible::contradictory) == 1);
    CHECK(total(rows, Ineligible::unknown) == 0);
  }
  SECTION("nobody asks their pipelines") {
    world.options.passes = {Pass::unlocked};
    const NotEligible rows = world.plan().not_eligible.value();
    CHECK(total(rows, Ineligible::contradictory) == 1);
    CHECK(total(rows, Ineligible::unknown) == 1);
  }
}

TEST_CASE("only a plan counts what is not eligible", "[postgres]") {
  World world;
  world.add({.locked = "1", .pipeline_locked = 1});
  const telemetry::Report& report = world.run();
  CHECK_FALSE(report.not_eligible);
  CHECK_FALSE(telemetry::summary_json(report).contains("not_eligible"));
}
