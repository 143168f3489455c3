#include "tests/faults/busy_jobs.hpp"
#include "tests/faults/fault_points.hpp"
#include "tests/faults/live_jobs.hpp"
#include "tests/support/fault_point.hpp"
#include "tests/support/schema_era.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <thread>

/// Two that work on the same jobs, stages and pipelines at the same time.
namespace {

using telemetry::Outcome;
using telemetry::Pass;
using tests::BusyJobs;
using tests::Ended;
using tests::LiveJobs;

std::int64_t deadlocks(tests::World& world) {
  return world.database.number(
      "SELECT deadlocks FROM pg_stat_database "
      "WHERE datname = current_database()");
}

/// Pipelines of a blocked user, in which both find work; a table takes down
/// what the program under test changed.
struct Contested : tests::BuildsWorld {
  Contested() {
    options.max_drop = 100'000;
    options.wave_size = 4;
    const auto user = jobs.user();
    for (int i = 0; i < 8; ++i)
      add_pipeline(user);
    database.run(
        "CREATE TABLE public.ours (row_of text, id bigint, before text, after "
        "text)");
    for (const char* table : {"ci_builds", "ci_stages", "ci_pipelines"})
      database.run(fmt::format(
          "CREATE FUNCTION public.note_{0}() RETURNS trigger LANGUAGE plpgsql "
          "SECURITY DEFINER "
          "AS $$ "
          "BEGIN IF current_setting('application_name') LIKE 'ci-janitor%' "
          "THEN INSERT INTO ours VALUES ('{0}', NEW.id, OLD.status, "
          "NEW.status); END IF; RETURN NEW; END $$; "
          "CREATE TRIGGER note AFTER UPDATE ON {1} FOR EACH ROW "
          "WHEN (OLD.lock_version <> NEW.lock_version) "
          "EXECUTE FUNCTION public.note_{0}()",
          table, tests::schema_era().root_of(table)));
  }

  /// Rows whose lock_version is not the number of changes to it, by both.
  std::vector<std::string> unaccounted(const LiveJobs::Changes& theirs) {
    std::vector<std::string> found;
    for (const char* table : {"ci_builds", "ci_stages", "ci_pipelines"})
      for (const auto& row : database.rows(fmt::format(
               "SELECT id, lock_version - (SELECT count(*) FROM ours AS o "
               "WHERE o.row_of = '{0}' AND o.id = t.id) FROM {0} AS t",
               table))) {
        const auto change = theirs.find({table, std::stoll(row[0])});
        const int wanted = change == theirs.end() ? 0 : change->second;
        if (std::stoi(row[1]) != wanted)
          found.push_back(fmt::format("{} {}: {} changes, not {}", table,
                                      row[0], wanted, row[1]));
      }
    return found;
  }

  std::vector<std::int64_t> pipelines;

 private:
  void add_pipeline(std::int64_t user) {
    pipelines.push_back(jobs.pipeline(user));
    for (const int stage : {0, 1})
      jobs.jobs(2, pipelines.back(), {.stage = stage});
  }
};

/// Runs, one after the other, until \a ended.
std::int64_t run_until(Contested& world, const std::atomic<bool>& ended) {
  std::int64_t dropped = 0;
  while (!ended) {
    const telemetry::Report& report = world.run();
    dropped += report.pass(Pass::builds).dropped;
    const std::string reason = report.pass(Pass::builds).reason;
    INFO(reason);
    CHECK_THAT(reason, !Catch::Contains("deadlock"));
    CHECK(report.problems_total() == 0);
    CHECK((report.outcome() == Outcome::drained ||
           report.outcome() == Outcome::throttled));
  }
  return dropped;
}

}  // namespace

TEST_CASE("beside a live GitLab no change of either side is lost",
          "[postgres][slow]") {
  Contested world;
  LiveJobs gitlab(world.pipelines);
  std::atomic<bool> ended{false};
  std::thread thread([&] {
    for (int round = 0; round < 1000; ++round)
      gitlab.act();
    ended = true;
  });
  std::int64_t dropped = run_until(world, ended);
  thread.join();
  gitlab.process_all();
  dropped += world.drop().dropped;
  gitlab.process_all();

  CHECK(dropped > 100);
  CHECK(gitlab.changes().size() > 20);
  CHECK(world.unaccounted(gitlab.changes()) == std::vector<std::string>{});
  CHECK(world.dropped() == dropped);
  CHECK(world.count("ours WHERE row_of = 'ci_builds' AND (after <> 'failed' OR "
                    "before NOT IN ('created', 'pending', 'running'))") == 0);
  CHECK(world.count("ci_builds WHERE status IN ('created', 'pending', "
                    "'running')") == 0);
  CHECK(world.count("ci_pending_builds") == 0);
  CHECK(world.count("ci_running_builds") == 0);
}

TEST_CASE("two runs at once drop each job once",
          "[postgres][program][schemas]") {
  BusyJobs world;
  tests::Program one(world.command(JANITOR_PROGRAM));
  tests::Program two(world.command(JANITOR_PROGRAM));
  const Ended ends[] = {one.wait(), two.wait()};

  std::int64_t dropped = 0;
  for (const Ended& ended : ends) {
    INFO(ended.err);
    CHECK(ended.status == 0);
    dropped += tests::dropped_in(ended);
  }
  CHECK(dropped == world.dropped_here());
  CHECK(deadlocks(world) == 0);
  CHECK(world.jobs.violations() == std::vector<std::string>{});
  world.run();
  CHECK(world.left_over() == std::vector<std::string>{});
}

TEST_CASE("a whole run between any two steps of a drop breaks nothing",
          "[postgres][program][schemas]") {
  for (const tests::FaultPoint& point : tests::builds_fault_points) {
    INFO(point.name);
    BusyJobs world;
    int hits = 0;
    std::int64_t others = 0;
    const tests::FaultHook hook(point.name, [&] {
      if (++hits > 1)
        return;
      const Ended ended = tests::run_program(world.command(JANITOR_PROGRAM));
      CHECK(ended.status == 0);
      others = tests::dropped_in(ended);
    });

    const telemetry::Report& report = world.run();

    REQUIRE(hits > 0);
    CHECK(report.problems_total() == 0);
    CHECK(report.pass(Pass::builds).dropped + others == BusyJobs::doomed);
    CHECK(world.left_over() == std::vector<std::string>{});
  }
}
