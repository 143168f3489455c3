#include "tests/support/jobs.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <array>

/// What tells GitLab's eras apart, a trait at a time and two at a time:
/// versions between and after those of tests/support/schema mix them in ways
/// that none of them shows.
using telemetry::Outcome;
using telemetry::Pass;

namespace {

struct Trait {
  const char* name;
  const char* sql;  ///< on db/schema.sql, after its rows are made
};

// The parent's own partition keeps the rows, as when GitLab parted its tables.
constexpr const char* part =
    "CREATE TABLE p_{0} (LIKE {0} INCLUDING DEFAULTS) PARTITION BY LIST "
    "(partition_id); "
    "ALTER TABLE p_{0} ATTACH PARTITION {0} FOR VALUES IN (100); "
    "CREATE TABLE {0}_101 PARTITION OF p_{0} FOR VALUES IN (101)";

constexpr std::array traits{
    Trait{"no lock column", "ALTER TABLE ci_pipeline_artifacts DROP locked"},
    Trait{"the queue wants a project",
          "ALTER TABLE ci_deleted_objects ADD project_id bigint, "
          "ADD CHECK (project_id IS NOT NULL) NOT VALID"},
    Trait{"artifacts know their partition",
          "ALTER TABLE ci_pipeline_artifacts ADD IF NOT EXISTS partition_id "
          "bigint NOT NULL DEFAULT 100; ALTER TABLE ci_pipeline_artifacts "
          "ALTER partition_id DROP DEFAULT"},
    Trait{"artifacts are about to know their partition",
          "ALTER TABLE ci_pipeline_artifacts ADD IF NOT EXISTS partition_id "
          "bigint"},
    Trait{"no queues of jobs",
          "DROP TABLE ci_pending_builds, ci_running_builds"},
    Trait{"no runner sessions", "DROP TABLE ci_builds_runner_session"},
    Trait{"no metadata of traces", "DROP TABLE ci_build_trace_metadata"},
    Trait{"no refs, schedules, deployments, pending states",
          "DROP TABLE ci_refs, ci_pipeline_schedules, deployments, "
          "ci_build_pending_states CASCADE"},
    Trait{"chunks know their partition",
          "ALTER TABLE ci_build_trace_chunks ADD partition_id bigint NOT NULL "
          "DEFAULT 100"},
    Trait{"resources know their partition",
          "ALTER TABLE ci_resources ADD partition_id bigint"},
    Trait{"metadata wants a partition and a project",
          "ALTER TABLE IF EXISTS ci_build_trace_metadata "
          "ADD partition_id bigint NOT NULL, ADD project_id bigint NOT NULL"},
    Trait{"ids come from a trigger",
          "CREATE FUNCTION next_id() RETURNS trigger LANGUAGE plpgsql AS "
          "'BEGIN NEW.id := nextval(''ci_job_artifacts_id_seq''); RETURN NEW; "
          "END'; "
          "ALTER SEQUENCE ci_job_artifacts_id_seq OWNED BY NONE; "
          "ALTER TABLE ci_job_artifacts ALTER id DROP DEFAULT; "
          "CREATE TRIGGER give_id BEFORE INSERT ON ci_job_artifacts "
          "FOR EACH ROW EXECUTE FUNCTION next_id()"},
    Trait{"pipelines are parted", "ci_pipelines"},
    Trait{"stages are parted", "ci_stages"},
    Trait{"jobs are parted", "ci_builds"},
    Trait{"job artifacts are parted", "ci_job_artifacts"},
};

void give(tests::World& world, const Trait& trait) {
  const std::string sql = trait.sql;
  world.database.run(sql.find(' ') == std::string::npos ? fmt::format(part, sql)
                                                        : sql);
  world.database.grant();
}

/// A bit of everything that the passes deal with.
struct Everything : tests::World {
  Everything() {
    options.trace_settle = std::chrono::seconds{0};
    add();
    add({.locked = "2"});
    add({.locked = "2", .pipeline_locked = 1});
    add_live();
    const std::int64_t pipeline = jobs.pipeline(jobs.user());
    running = jobs.job(pipeline);
    jobs.job(pipeline, {.status = "pending", .stage = 1});
    jobs.hold_resource(jobs.resource_group("production"), running);
    jobs.chunk(running, 0, "a trace");
    kept = jobs.job(jobs.pipeline(jobs.user("active")));
  }

  /// What must be so after a run on any schema.
  void check() {
    const telemetry::Report& report = run();
    CHECK(report.outcome() == Outcome::drained);
    CHECK(report.problems_total() == 0);
    CHECK(report.pass(Pass::unlocked).destroyed +
              report.pass(Pass::legacy).destroyed ==
          2);
    CHECK(rows_left() == 2);
    CHECK(files_left() == 3);  // two of artifacts, and the archive
    CHECK(entries_left() == 0);
    CHECK(statistic() == 200);
    CHECK(report.pass(Pass::builds).dropped == 2);
    CHECK(jobs.status(running) == "failed");
    CHECK(jobs.status(kept) == "running");
    CHECK(database.value("SELECT string_agg(status, ' ' ORDER BY id) "
                         "FROM ci_pipelines WHERE user_id IS NOT NULL") ==
          "failed running");
    CHECK(database.number("SELECT count(*) FROM ci_resources "
                          "WHERE build_id IS NOT NULL") == 0);
    CHECK(jobs.archive(running) == "a trace");
    CHECK(jobs.chunks_left(running) == 0);
  }

  tests::Jobs jobs{*this};
  std::int64_t running = 0;
  std::int64_t kept = 0;
};

}  // namespace

TEST_CASE("each trait of a schema is served by itself", "[postgres]") {
  for (const Trait& trait : traits) {
    INFO(trait.name);
    Everything world;
    give(world, trait);
    world.check();
  }
}

TEST_CASE("any two traits of a schema are served together",
          "[postgres][long]") {
  for (std::size_t one = 0; one < traits.size(); ++one)
    for (std::size_t other = one + 1; other < traits.size(); ++other) {
      INFO(traits.at(one).name << ", and " << traits.at(other).name);
      Everything world;
      give(world, traits.at(one));
      give(world, traits.at(other));
      world.check();
    }
}

TEST_CASE("all traits of a schema are served at once", "[postgres]") {
  Everything world;
  for (const Trait& trait : traits)
    give(world, trait);
  world.check();
}
