#include "jobs/check.hpp"
#include "jobs/run.hpp"
#include "tests/jobs/builds_world.hpp"
#include "tests/support/fault_point.hpp"
#include "tests/support/schema_era.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <set>

/// How much a run drops, what a plan says of it, and what a database may lack.
namespace {

using telemetry::Outcome;
using telemetry::Pass;
using tests::BuildsWorld;

/// Users with pipelines of 0 to 4 jobs in every status, and a few schedules.
void add_jobs(BuildsWorld& world, int users, int pipelines) {
  constexpr const char* statuses[] = {"running", "pending", "success",
                                      "created", "manual"};
  constexpr const char* kinds[] = {"running", "manual", "pending"};
  for (int u = 0; u < users; ++u) {
    const auto user = world.jobs.user(u % 4 == 3 ? "active" : "blocked");
    for (int p = 0; p < pipelines; ++p) {
      const auto pipeline = world.jobs.pipeline(user, kinds[(u + p) % 3]);
      for (int j = 0; j < (u + 2 * p) % 5; ++j)
        world.jobs.job(pipeline, {.status = statuses[(u + p + j) % 5]});
    }
  }
}

/// The jobs that a plan lists, in its order.
std::vector<std::string> list_plan(BuildsWorld& world) {
  std::vector<std::string> listed;
  telemetry::Report report;
  world.options.command = jobs::Command::plan;
  jobs::Installation installation(world.options, "test", world.stop);
  jobs::run(installation, world.stop,
            {.artifact = {},
             .job =
                 [&](const db::Job& job) {
                   listed.push_back(std::to_string(job.id));
                 }},
            report);
  CHECK(report.pass(Pass::builds).dropped == std::ssize(listed));
  return listed;
}

/// From now on, a table says in which order jobs are written, as dropped or at
/// all.
void note_writes(BuildsWorld& world,
                 const std::string& event = "UPDATE OF status") {
  world.database.run(
      "CREATE TABLE public.gone (place bigserial, id bigint); "
      "CREATE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql SECURITY "
      "DEFINER AS "
      "$$BEGIN INSERT INTO gone (id) VALUES (NEW.id); RETURN NEW; END$$; "
      "CREATE TRIGGER note AFTER " +
      event + " ON " + tests::schema_era().root_of("ci_builds") +
      " FOR EACH ROW EXECUTE FUNCTION public.note()");
}

using Figures = std::map<std::string, std::int64_t>;

Figures figures(const telemetry::PassReport& report) {
  return {{"users", report.users},
          {"pipelines", report.pipelines},
          {"dropped", report.dropped},
          {"schedules", report.schedules},
          {"conflicts", report.conflicts},
          {"outcome", static_cast<std::int64_t>(report.outcome)}};
}

void add_schedules(BuildsWorld& world, std::int64_t user, int count) {
  world.database.run(fmt::format(
      "INSERT INTO ci_pipeline_schedules (owner_id, active, updated_at) SELECT "
      "{}, true, '2020-01-01' FROM generate_series(1, {})",
      user, count));
}

}  // namespace

TEST_CASE("at most so many jobs as allowed are dropped in a run",
          "[postgres][schemas]") {
  BuildsWorld world;
  const auto pipeline = world.blocked_pipeline();
  world.jobs.jobs(7, pipeline);
  SECTION("one fewer") {
    world.options.max_drop = 6;
    const auto& report = world.drop();
    CHECK(report.dropped == 6);
    CHECK(report.outcome == Outcome::budget_exhausted);
    CHECK(world.jobs.pipeline_status(pipeline) == "running");
    CHECK(world.drop().dropped == 1);
  }
  SECTION("one more") {
    world.options.max_drop = 8;
    const auto& report = world.drop();
    CHECK(report.dropped == 7);
    CHECK(report.outcome == Outcome::drained);
  }
  SECTION("exactly") {
    world.options.max_drop = 7;
    CHECK(world.drop().dropped == 7);
  }
  CHECK(world.dropped() == 7);
  CHECK(world.jobs.pipeline_status(pipeline) == "failed");
  CHECK(world.jobs.violations() == std::vector<std::string>{});
}

TEST_CASE("workers side by side never drop more than allowed",
          "[postgres][schemas]") {
  BuildsWorld world;
  const auto user = world.jobs.user();
  for (int i = 0; i < 120; ++i)
    world.jobs.jobs(2, world.jobs.pipeline(user));
  world.options.concurrency = 4;
  world.options.max_drop = 203;
  CHECK(world.drop().dropped == 203);
  CHECK(world.dropped() == 203);
}

TEST_CASE("a wave of one pipeline at a time drops the same",
          "[postgres][schemas]") {
  BuildsWorld world;
  add_jobs(world, 6, 5);
  const auto planned = figures(world.plan().pass(Pass::builds));
  world.options.wave_size = 1;
  CHECK(figures(world.plan().pass(Pass::builds)) == planned);
  CHECK(figures(world.drop()) == planned);
  CHECK(world.drop().dropped == 0);
  CHECK(world.jobs.violations() == std::vector<std::string>{});
}

TEST_CASE("no more pipelines than a wave's are worked on at a time",
          "[postgres]") {
  BuildsWorld world;
  world.options.concurrency = 4;
  world.options.wave_size = 1;
  for (int i = 0; i < 12; ++i)
    world.jobs.job(world.blocked_pipeline());
  int at_work = 0;
  int most = 0;
  const tests::FaultHook begun("builds.before_drop",
                               [&] { most = std::max(most, ++at_work); });
  const tests::FaultHook ended("builds.after_drop", [&] { --at_work; });

  CHECK(world.drop().dropped == 12);

  CHECK(at_work == 0);
  CHECK(most == 1);
}

TEST_CASE("a plan of dropped jobs changes nothing and says what a run does",
          "[postgres][schemas]") {
  BuildsWorld world;
  add_jobs(world, 8, 6);
  add_schedules(world, 1, 2);
  SECTION("everything") {}
  SECTION("small waves") {
    world.options.wave_size = 2;
  }
  SECTION("up to a number") {
    world.options.concurrency = 1;
    world.options.max_drop = 17;
  }
  const std::string before = world.database.dump();

  const auto planned = figures(world.plan().pass(Pass::builds));

  CHECK(world.database.dump() == before);
  CHECK(planned.at("dropped") > 16);
  CHECK(planned.at("schedules") == 2);
  CHECK(figures(world.drop()) == planned);
  CHECK(world.dropped() == planned.at("dropped"));
}

TEST_CASE("a plan lists jobs in the order in which a run drops them",
          "[postgres][schemas]") {
  BuildsWorld world;
  world.options.concurrency = 1;
  world.options.wave_size = 3;
  add_jobs(world, 8, 6);
  const auto listed = list_plan(world);
  note_writes(world);
  world.drop();
  CHECK(listed.size() > 20);
  CHECK(world.database.column("SELECT id FROM gone ORDER BY place") == listed);
}

TEST_CASE("schedules of blocked users are turned off, others' are not",
          "[postgres][schemas]") {
  BuildsWorld world;
  const auto blocked = world.jobs.user();
  const auto active = world.jobs.user("active");
  add_schedules(world, blocked, 1003);
  add_schedules(world, active, 2);
  world.database.run(
      "INSERT INTO ci_pipeline_schedules (owner_id, active) VALUES (1, false), "
      "(1, NULL), (NULL, true)");

  CHECK(world.drop().schedules == 1003);

  CHECK(world.count("ci_pipeline_schedules WHERE active") == 3);
  CHECK(world.count("ci_pipeline_schedules WHERE active AND owner_id = 1") ==
        0);
  CHECK(world.drop().schedules == 0);
}

TEST_CASE("the statements of a wave don't grow with the jobs of its pipelines",
          "[postgres]") {
  const auto statements = [](int jobs) {
    BuildsWorld world;
    world.options.concurrency = 1;
    world.options.max_drop = 10'000;
    const auto user = world.jobs.user();
    for (int i = 0; i < 50; ++i)
      world.jobs.jobs(jobs, world.jobs.pipeline(user));
    const auto& report = world.drop();
    CHECK(report.dropped == 50 * jobs);
    return report.statements.count();
  };
  const std::int64_t with_one = statements(1);
  CHECK(with_one <= 15);
  CHECK(statements(5) == with_one);
  // Another slice is read and dropped, and one more is looked for.
  CHECK(statements(11) <= with_one + 4);
}

TEST_CASE("jobs are written once, wherever a statement is full", "[postgres]") {
  BuildsWorld world;
  world.options.concurrency = 1;
  const auto user = world.jobs.user();
  for (int i = 0; i < 8; ++i)
    world.jobs.jobs(90, world.jobs.pipeline(user));
  note_writes(world, "UPDATE");

  // A statement takes 500, and leaves the sixth pipeline, of which 50 would
  // fit, to the next one.
  CHECK(world.drop().dropped == 720);

  CHECK(world.count("ci_builds WHERE processed") == 720);
  CHECK(world.count("ci_pipelines WHERE status = 'failed'") == 8);
  CHECK(world.count("gone") == 720);
}

TEST_CASE("tables that some GitLabs lack are not missed", "[postgres]") {
  for (const std::string table : {"ci_builds_runner_session", "deployments",
                                  "ci_refs", "ci_pipeline_schedules"}) {
    INFO(table);
    BuildsWorld world;
    world.database.run("DROP TABLE " + table);
    const auto pipeline = world.blocked_pipeline();
    if (table != "ci_builds_runner_session") {
      world.jobs.job(pipeline);
    } else {
      world.jobs.job(pipeline, {.status = "pending"});
      world.jobs.job(pipeline, {.queued = false});
    }
    CHECK(world.drop().outcome == Outcome::drained);
    CHECK(world.jobs.pipeline_status(pipeline) == "failed");
    CHECK(world.count("ci_builds WHERE status <> 'failed'") == 0);
  }
}

TEST_CASE("where there are no jobs at all, the builds pass is unsupported",
          "[postgres]") {
  BuildsWorld world;
  world.database.run("DROP TABLE ci_builds CASCADE");
  CHECK(world.drop().outcome == Outcome::unsupported);
}
