#include "jobs/run.hpp"
#include "telemetry/summary.hpp"
#include "tests/support/world.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <set>

namespace fs = std::filesystem;

using telemetry::Outcome;
using telemetry::Pass;
using tests::World;

namespace {

std::string mixed_expiry(int i) {
  switch (i % 10) {
    case 0:
      return "NULL";
    case 1:
      return "now() + interval '1 day'";
    case 2:
    case 3:
      return "'2024-01-01'";  // a tie
    default:
      return fmt::format("now() - interval '{} minutes'", 1 + i);
  }
}

/// Every kind of artifact in every state, poison and absent objects among them.
void add_artifacts(World& world, int count) {
  const char* const states[] = {"0", "1", "2", "NULL"};
  for (int i = 0; i < count; ++i) {
    tests::ArtifactSpec spec{.expire_at = mixed_expiry(i),
                             .locked = states[i % 4],
                             .pipeline_locked = i % 3 == 0 ? 1 : 0,
                             .project_id = 1 + i % 7,
                             .size = 1 + 13 * i};
    if (i % 29 == 5)
      spec.file = i % 2 == 0 ? "" : "up/../and/away";
    spec.with_file = i % 29 != 5 && i % 31 != 7;
    world.add(spec);
  }
}

void add_entries(World& world) {
  for (int i = 0; i < 12; ++i)
    world.add_entry("due", std::to_string(i), i % 4 != 0);
  world.add_entry("later", "object", true, "now() + interval '1 hour'");
  world.add_entry("remote", "object", false, "now() - interval '1 hour'", 2);
  world.add_entry("poison/..", "object", false);
  fs::create_directories(world.store.path() / "stuck/object");
  world.add_entry("stuck", "object", false);
}

/// Everything a summary says but what a plan can't know: times, and who held
/// what.
nlohmann::json figures(const telemetry::Report& report) {
  nlohmann::json summary =
      nlohmann::json::parse(telemetry::summary_json(report).dump());
  for (const char* field : {"command", "run_id", "started_at", "finished_at",
                            "seconds", "horizon", "not_eligible"})
    summary.erase(field);
  for (auto& [name, pass] : summary.at("passes").items())
    for (const char* field :
         {"seconds", "p99_statement_ms", "slowest_statement_ms"})
      pass.erase(field);
  auto& problems = summary.at("problems");
  std::sort(problems.begin(), problems.end());
  return summary;
}

/// Paths, sizes and times of change of all that is in the store.
std::set<std::string> listing_of(const World& world) {
  std::set<std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator(world.store.path()))
    found.insert(fmt::format(
        "{} {}", entry.path().string(),
        fs::last_write_time(entry.path()).time_since_epoch().count()));
  return found;
}

}  // namespace

TEST_CASE("a plan changes nothing and says what the run then does",
          "[postgres][schemas][locks]") {
  World world;
  world.options.horizon = std::chrono::floor<std::chrono::microseconds>(
      std::chrono::system_clock::now());
  world.options.batch_size = 10;
  world.options.window_size = 17;
  add_artifacts(world, 300);
  add_entries(world);
  SECTION("everything") {}
  SECTION("some states unresolved") {
    world.options.max_resolve = 11;
  }
  SECTION("trusting lock states") {
    world.options.trust_lock_state = true;
  }
  SECTION("some projects") {
    world.options.projects = {2, 3, 5};
  }
  SECTION("without the queue") {
    world.options.passes = {Pass::unlocked, Pass::legacy};
  }
  SECTION("with problems tolerated") {
    world.options.tolerate_problems = 99;
  }
  SECTION("up to a number, by one worker") {
    world.options.concurrency = 1;
    world.options.max_destroy = 100;
  }
  const std::string rows = world.database.dump();
  const std::set<std::string> files = listing_of(world);

  const nlohmann::json planned = figures(world.plan());

  CHECK(world.database.dump() == rows);
  CHECK(listing_of(world) == files);
  CHECK(figures(world.run()) == planned);
  CHECK(planned.at("passes").at("unlocked").at("destroyed") > 20);
  // All that is left is what can't be done: a plan of it plans nothing.
  if (!world.options.max_destroy && world.options.max_resolve > 11) {
    const telemetry::Report& again = world.plan();
    CHECK(again.destroyed() == 0);
    CHECK(again.removed() == 0);
    CHECK(again.pass(Pass::legacy).resolved == 0);
    CHECK(again.problems_total() == planned.at("problems_total"));
  }
}

TEST_CASE("a plan locks no row", "[postgres][schemas]") {
  World world;
  const auto artifact = world.add();
  world.add({.locked = "2"});
  world.add_entry("due", "object");
  tests::TestSession other;
  other.begin();
  other.run(
      "SELECT FROM ci_pipeline_artifacts FOR UPDATE; "
      "SELECT FROM ci_pipelines FOR UPDATE; "
      "SELECT FROM ci_deleted_objects FOR UPDATE; "
      "SELECT FROM project_statistics FOR UPDATE");

  const telemetry::Report& plan = world.plan();

  CHECK(plan.destroyed() == 2);
  CHECK(plan.removed() == 3);
  CHECK(plan.outcome() == Outcome::drained);
  other.rollback();
  CHECK(world.row_exists(artifact));
}

TEST_CASE("a plan lists artifacts in the order of a run with one worker",
          "[postgres][schemas][locks]") {
  World world;
  world.options.concurrency = 1;
  // A batch is one transaction, whose rows are taken in the order of their ids.
  world.options.batch_size = 1;
  add_artifacts(world, 120);
  world.database.run(
      "CREATE TABLE public.gone (place bigserial, id bigint); "
      "CREATE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql SECURITY "
      "DEFINER AS "
      "$$BEGIN INSERT INTO gone (id) VALUES (OLD.id); RETURN OLD; END$$; "
      "CREATE TRIGGER note AFTER DELETE ON public.ci_pipeline_artifacts "
      "FOR EACH ROW EXECUTE FUNCTION public.note()");

  std::vector<std::string> listed;
  std::vector<Pass> passes;
  world.options.command = jobs::Command::plan;
  {
    telemetry::Report report;
    jobs::Installation installation(world.options, "test", world.stop);
    jobs::run(installation, world.stop,
              {.artifact =
                   [&](Pass pass, const db::Artifact& artifact) {
                     listed.push_back(std::to_string(artifact.id));
                     passes.push_back(pass);
                   },
               .job = {}},
              report);
    CHECK(static_cast<std::int64_t>(listed.size()) == report.destroyed());
  }
  world.run();

  CHECK(std::ranges::is_sorted(passes));
  CHECK(listed.size() > 40);
  CHECK(world.database.column("SELECT id FROM gone ORDER BY place") == listed);
}
