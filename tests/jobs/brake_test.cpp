#include "jobs/brake.hpp"
#include "jobs/governor.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using jobs::Brake;
using jobs::Strain;
using telemetry::Pass;

namespace {

std::vector<Strain> passing(double share) {
  return {{"lag", share}};
}

std::vector<Strain> budget(double share) {
  return {{"dead rows", share, Strain::Kind::budget}};
}

/// The signals above their limits, of a pass.
std::vector<std::string> over(const jobs::Options& options, Pass pass,
                              const db::Pressure& pressure,
                              const std::vector<jobs::AddedRows>& added = {}) {
  std::vector<std::string> names;
  for (const Strain& strain : jobs::strains(options, pass, pressure, added))
    if (strain.share > 1)
      names.push_back(strain.what);
  return names;
}

}  // namespace

TEST_CASE("over a limit the brake goes on step by step, and off again",
          "[unit]") {
  Brake brake;
  CHECK(brake.step(passing(0.5)) == 0);
  for (const int step : {1, 2, Brake::holding, Brake::holding})
    CHECK(brake.step(passing(1.5)) == step);
  for (const int step : {2, 1, 0, 0})
    CHECK(brake.step(passing(0.8)) == step);
}

TEST_CASE("a run does not begin on a database that is over a limit", "[unit]") {
  Brake brake;
  CHECK(brake.step(passing(1.1)) == Brake::holding);
  CHECK(brake.step(passing(1)) == 2);
}

TEST_CASE(
    "near a limit, and beside VACUUM, it stays a step away from full "
    "speed",
    "[unit]") {
  Brake brake;
  CHECK(brake.step(passing(0.9)) == 1);
  CHECK(brake.step(passing(0.9)) == 1);
  CHECK(brake.step({{"VACUUM", 0, Strain::Kind::presence}}) == 1);
  CHECK(brake.step({}) == 0);
}

TEST_CASE("a budget that is spent holds at once", "[unit]") {
  Brake brake;
  CHECK(brake.step(budget(1.0)) == 1);
  CHECK(brake.step(budget(1.01)) == Brake::holding);
}

TEST_CASE("each signal has its limit, and 0 is none", "[unit]") {
  db::Pressure pressure;
  pressure.replay_lag_ms = 5001;
  pressure.lock_waits = 3;
  pressure.oldest_transaction_ms = 60'001;
  pressure.unarchived_bytes = std::int64_t{11} << 20;
  pressure.tables = {{"ci_pipeline_artifacts", 100, 51, 0}};
  jobs::Options options;
  options.max_replica_lag = std::chrono::seconds{5};
  options.max_lock_waits = 2;
  options.max_transaction_age = std::chrono::seconds{60};
  options.max_unarchived = 10;
  options.max_dead_share = 50;
  options.max_dead_rows = 9;
  const std::vector<jobs::AddedRows> added{{"ci_pipeline_artifacts", 10}};
  CHECK(over(options, Pass::unlocked, pressure, added) ==
        std::vector<std::string>{
            "a standby is 5.0 s behind (--max-replica-lag 5)",
            "3 sessions wait for locks (--max-lock-waits 2)",
            "a transaction of 60 s keeps VACUUM from cleaning up "
            "(--max-transaction-age 60)",
            "11 MiB of WAL wait to be archived (--max-unarchived 10)",
            "ci_pipeline_artifacts has 10 dead rows of this run since its last "
            "VACUUM (--max-dead-rows 9)",
            "ci_pipeline_artifacts has 51 dead rows for 100 live ones "
            "(--max-dead-share 50)"});
  // The table is not one that the builds pass deletes from.
  CHECK(over(options, Pass::builds, pressure, added).size() == 4);

  options.max_replica_lag = options.max_transaction_age =
      std::chrono::seconds{0};
  options.max_lock_waits = options.max_unarchived = 0;
  options.max_dead_rows = options.max_dead_share = 0;
  CHECK(jobs::strains(options, Pass::unlocked, pressure, added).empty());
}

TEST_CASE("what is at its limit, or can't be seen, holds nobody back",
          "[unit]") {
  db::Pressure pressure;
  pressure.replay_lag_ms = 30'000;
  pressure.lock_waits = 10;
  pressure.tables = {{"ci_deleted_objects", 0, 0, 0}};
  CHECK(over({}, Pass::objects, pressure, {{"ci_deleted_objects", 1'000'000}})
            .empty());
  CHECK(over({}, Pass::objects, {}).empty());
}

TEST_CASE("dead rows count from when the last VACUUM began", "[unit]") {
  jobs::VacuumWatch watch;
  db::TablePressure table{"ci_pipeline_artifacts", 0, 0, 7};
  CHECK(watch.look(table, 100) == 100);
  table.vacuum_runs = true;
  CHECK(watch.look(table, 250) == 250);
  table.vacuum_runs = false;
  table.vacuums = 8;
  // It began after the look at 100: what came later may be left.
  CHECK(watch.look(table, 300) == 200);
  table.vacuums = 9;
  CHECK(watch.look(table, 350) == 50);
}

TEST_CASE("of all strains the one is told that waiting can't help", "[unit]") {
  std::vector<Strain> strains{{"lag", 3},
                              {"dead", 2, Strain::Kind::budget, true},
                              {"near", 0.9, Strain::Kind::budget, true}};
  CHECK(jobs::worst_of(strains)->what == "dead");
  strains[1].share = 1;
  CHECK(jobs::worst_of(strains)->what == "lag");
  CHECK(jobs::worst_of({}) == nullptr);
}

TEST_CASE("beside VACUUM it is told as why a run is slow, unless more is",
          "[unit]") {
  db::Pressure pressure;
  pressure.tables = {{"ci_pipeline_artifacts", 0, 0, 0}};
  pressure.tables[0].vacuum_runs = true;
  const auto worst = [&](std::int64_t dead_rows) {
    return jobs::worst_of(jobs::strains({}, Pass::unlocked, pressure,
                                        {{"ci_pipeline_artifacts", dead_rows}}))
        ->what;
  };
  CHECK(worst(7437) == "VACUUM runs on ci_pipeline_artifacts");
  CHECK(worst(900'000).starts_with("ci_pipeline_artifacts has 900,000 dead"));
}
