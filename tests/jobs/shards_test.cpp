#include "jobs/run.hpp"
#include "tests/support/jobs.hpp"

#include <catch2/catch.hpp>

#include <map>

using telemetry::Pass;

namespace {

/// Work for all passes: 40 projects, 21 pipelines and traces, 30 entries.
struct ShardsWorld : tests::World {
  ShardsWorld() {
    options.trace_settle = std::chrono::seconds{0};
    for (int project = 1; project <= 40; ++project) {
      add({.project_id = project});
      add({.locked = "2", .project_id = project});
    }
    for (int entry = 0; entry < 30; ++entry)
      add_entry("due/" + std::to_string(entry), "object");
    for (int i = 0; i < 21; ++i) {
      jobs.job(jobs.pipeline(jobs.user()));
      jobs.chunk(jobs.dropped_job(jobs.pipeline(jobs.user())), 0, "trace");
    }
  }

  telemetry::Report& shard(jobs::Command command, std::int64_t index,
                           const jobs::Listing& listing = {}) {
    options.command = command;
    options.shard = index;
    report = std::make_unique<telemetry::Report>();
    jobs::Installation installation(options, "test", stop);
    jobs::run(installation, stop, listing, *report);
    return *report;
  }

  tests::Jobs jobs{*this};
  std::unique_ptr<telemetry::Report> report;
};

}  // namespace

TEST_CASE("shards do all of the work, and no row twice",
          "[postgres][schemas]") {
  const std::int64_t shards = GENERATE(1, 2, 3, 7);
  CAPTURE(shards);
  ShardsWorld world;
  world.options.shards = shards;
  std::map<std::int64_t, int> artifacts;
  std::map<std::int64_t, int> jobs_met;
  const jobs::Listing listing{
      .artifact = [&](Pass, const db::Artifact& row) { ++artifacts[row.id]; },
      .job = [&](const db::Job& job) { ++jobs_met[job.id]; }};

  std::int64_t removed = 0;
  std::int64_t archived = 0;
  for (std::int64_t index = 0; index < shards; ++index) {
    const auto& plan = world.shard(jobs::Command::plan, index, listing);
    removed += plan.pass(Pass::objects).removed;
    archived += plan.pass(Pass::traces).archived;
    CHECK(plan.destroyed() * shards > 80 * 3 / 10);
    CHECK(plan.destroyed() * shards < 80 * 2 + shards);
  }
  CHECK(artifacts.size() == 80);
  CHECK(jobs_met.size() == 21);
  for (const auto& met : {artifacts, jobs_met})
    for (const auto& [id, times] : met)
      CHECK(times == 1);
  CHECK(removed == 30);
  CHECK(archived == 21);

  std::int64_t dropped = 0;
  for (std::int64_t index = 0; index < shards; ++index) {
    const auto& run = world.shard(jobs::Command::run, index);
    CHECK(run.outcome() == telemetry::Outcome::drained);
    CHECK(run.backlog.total() == 0);
    CHECK((world.rows_left() == 0) == (index == shards - 1));
    dropped += run.pass(Pass::builds).dropped;
  }
  CHECK(dropped == 21);
  CHECK(world.entries_left() == 0);
  // Those of the jobs that were dropped only now have no chunks.
  CHECK(world.database.number("SELECT count(*) FROM ci_build_trace_chunks") ==
        0);
  CHECK(world.violations().empty());
  CHECK(world.jobs.violations().empty());
}
