#include "jobs/seed_jobs.hpp"

#include "jobs/composite_status.hpp"
#include "jobs/seed.hpp"
#include "jobs/seed_shapes.hpp"
#include "stores/store.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/support/test_database.hpp"

#include <catch2/catch.hpp>

#include <set>
#include <string>
#include <vector>

namespace {

using jobs::count_made;
using jobs::expect;
using jobs::ExpectedJobs;
using jobs::MadeJobs;
using jobs::Profile;
using jobs::SeedOptions;
using jobs::SeedReport;

SeedOptions job_options(Profile profile) {
  SeedOptions options;
  options.profile = profile;
  options.files = false;
  options.now = telemetry::parse_timestamp("2022-10-06T12:00:00Z");
  return options;
}

SeedOptions headline(std::int64_t jobs) {
  SeedOptions headline = job_options(Profile::headline);
  headline.scale = 0.00001;
  headline.jobs = jobs;
  return headline;
}

db::SeedJobsPlan plan(const SeedOptions& options) {
  return jobs::plan_jobs(options, 20);
}

/// Of a shape's jobs, or of those of one of its stages.
db::JobStatus composite(const db::SeedShape& shape, int stage = -1) {
  std::vector<jobs::CountedStatus> latest;
  for (const db::SeedJob& job : shape.jobs)
    if (!job.retried && (stage < 0 || job.stage == stage))
      latest.push_back({job.status, job.allow_failure});
  return jobs::composite_status(latest);
}

/// A job that a run drops, by nothing but the rows.
constexpr const char* doomed = R"sql(
FROM ci_builds AS job
JOIN ci_pipelines AS pipeline ON pipeline.id = job.commit_id
JOIN users ON users.id = pipeline.user_id AND users.state = 'blocked'
WHERE job.status IN ('created', 'waiting_for_resource', 'preparing', 'pending',
                     'running', 'scheduled')
)sql";

/// The jobs whose traces a run archives, with their chunks.
const std::string doomed_chunks =
    "FROM ci_build_trace_chunks AS chunk JOIN ci_builds AS b ON b.id = "
    "chunk.build_id WHERE b.failure_reason = 14 OR b.id IN (SELECT job.id " +
    std::string(doomed) + ")";

std::vector<std::string> violations(tests::TestDatabase& database) {
  return database.column(R"sql(
SELECT 'queued, but not pending' FROM ci_pending_builds AS q
JOIN ci_builds AS b ON b.id = q.build_id WHERE b.status <> 'pending'
UNION ALL
SELECT 'runs, but is not running' FROM ci_running_builds AS q
JOIN ci_builds AS b ON b.id = q.build_id WHERE b.status <> 'running'
UNION ALL
SELECT 'its stage is of another pipeline' FROM ci_builds AS b
JOIN ci_stages AS s ON s.id = b.stage_id
WHERE (s.pipeline_id, s.position) <> (b.commit_id, b.stage_idx)
UNION ALL
SELECT 'its group is of another project' FROM ci_builds AS b
JOIN ci_resource_groups AS g ON g.id = b.resource_group_id
WHERE g.project_id <> b.project_id
UNION ALL
SELECT 'ended before it began' FROM ci_builds WHERE finished_at < started_at
UNION ALL
SELECT 'has no user' FROM ci_builds WHERE user_id NOT IN (SELECT id FROM users)
)sql");
}

}  // namespace

TEST_CASE("every shape has the status that its jobs make of it",
          "[unit][seed]") {
  for (const db::SeedShape& shape : jobs::every_shape()) {
    CAPTURE(name_of(shape.status));
    CHECK(composite(shape) == shape.status);
    for (const db::SeedStage& stage : shape.stages)
      CHECK(composite(shape, stage.position) == stage.status);
  }
}

TEST_CASE("smoke has pipelines and jobs in every status, of every type",
          "[postgres][seed]") {
  tests::TestDatabase database;
  jobs::seed(job_options(Profile::smoke));
  const auto kinds = [&](const std::string& what, const std::string& from) {
    return database.number("SELECT count(DISTINCT " + what + ") FROM " + from);
  };
  for (const std::string users : {"user_id <= 6", "user_id > 6"}) {
    CHECK(kinds("status", "ci_pipelines WHERE id > 500 AND " + users) == 11);
    CHECK(kinds("status", "ci_builds WHERE " + users) == 11);
    CHECK(kinds("type", "ci_builds WHERE " + users) == 3);
  }
  CHECK(kinds("(allow_failure, retried)", "ci_builds") == 3);
  CHECK(violations(database).empty());
}

TEST_CASE("smoke has users who are not blocked, with jobs of their own",
          "[postgres][seed]") {
  tests::TestDatabase database;
  jobs::seed(job_options(Profile::smoke));
  CHECK(database.column("SELECT state FROM users ORDER BY id OFFSET 5") ==
        std::vector<std::string>{"blocked", "active", "ldap_blocked", "banned",
                                 "deactivated"});
  CHECK(database.number("SELECT count(DISTINCT user_id) FROM ci_builds "
                        "WHERE user_id > 6") == 4);
}

TEST_CASE("every table of jobs has rows, but for what only a run writes",
          "[postgres][seed]") {
  tests::TestDatabase database;
  jobs::seed(job_options(Profile::smoke));
  for (const std::string table :
       {"users", "ci_pipeline_schedules", "ci_refs", "ci_stages",
        "ci_resource_groups", "ci_resources", "ci_builds", "ci_pending_builds",
        "ci_running_builds", "ci_builds_runner_session", "deployments",
        "ci_build_trace_chunks"}) {
    CAPTURE(table);
    CHECK(database.number("SELECT count(*) FROM " + table) > 0);
  }
  CHECK(database.number("SELECT count(*) FROM ci_builds AS waiting JOIN "
                        "ci_resources AS held USING (resource_group_id) WHERE "
                        "waiting.status = 'waiting_for_resource' AND "
                        "held.build_id <> waiting.id") == 4);
}

TEST_CASE("what the seed expects of the jobs agrees with its rows",
          "[postgres][seed]") {
  for (const SeedOptions& which : {job_options(Profile::smoke),
                                   job_options(Profile::demo), headline(40)}) {
    CAPTURE(name_of(which.profile));
    tests::TestDatabase database;
    const SeedReport report = jobs::seed(which);
    const ExpectedJobs& expected = report.expected_jobs;
    const auto count = [&](const std::string& what, const std::string& from) {
      return database.number("SELECT count(" + what + ") " + from);
    };
    CHECK(expected.dropped > 0);
    CHECK(expected.dropped == count("*", doomed));
    CHECK(expected.pipelines == count("DISTINCT job.commit_id", doomed));
    CHECK(expected.users == count("DISTINCT pipeline.user_id", doomed));
    CHECK(expected.schedules ==
          count("*",
                "FROM ci_pipeline_schedules AS s JOIN users AS u "
                "ON u.id = s.owner_id AND u.state = 'blocked' AND s.active"));
    CHECK(expected.chunks == count("*", doomed_chunks));
    CHECK(expected.archived + expected.partial + expected.empty ==
          count("DISTINCT build_id", doomed_chunks));
    CHECK(report.made_jobs.jobs == count("*", "FROM ci_builds"));
    CHECK(report.made_jobs.chunks == count("*", "FROM ci_build_trace_chunks"));
    CHECK(violations(database).empty());
  }
}

TEST_CASE("smoke has traces of every shape in either place", "[unit][seed]") {
  SeedOptions smoke = job_options(Profile::smoke);
  const ExpectedJobs without = expect(plan(smoke));
  CHECK(without.archived > 5);
  CHECK(without.partial > 1);
  CHECK(without.empty > 1);
  CHECK(count_made(plan(smoke)).chunks_in_redis == 0);
  smoke.redis = "unix:///nowhere";
  CHECK(expect(plan(smoke)) == without);
  const MadeJobs made = count_made(plan(smoke));
  CHECK(made.chunks_in_redis > 0);
  CHECK(made.chunks_in_redis < made.chunks);
}

TEST_CASE("a third of the traces is in the bucket where there is one",
          "[unit][seed]") {
  SeedOptions demo = job_options(Profile::demo);
  demo.object_store = {
      .url = "s3://artifacts", .endpoint = {}, .region = {}, .config_file = {}};
  const MadeJobs without = count_made(plan(demo));
  CHECK(without.chunks_in_redis == 0);
  demo.redis = "unix:///nowhere";
  const MadeJobs made = count_made(plan(demo));
  for (const std::int64_t third : {made.chunks_in_redis, made.chunks_in_bucket,
                                   without.chunks_in_bucket}) {
    CHECK(third > made.chunks / 3 - 4);
    CHECK(third < made.chunks / 3 + 4);
  }
  CHECK(expect(plan(demo)) == expect(plan(job_options(Profile::demo))));
}

TEST_CASE(
    "without Redis every chunk is in the database, and as long as it says",
    "[postgres][seed]") {
  tests::TestDatabase database;
  jobs::seed(job_options(Profile::smoke));
  CHECK(database.column("SELECT DISTINCT octet_length(raw_data) FROM "
                        "ci_build_trace_chunks ORDER BY 1") ==
        std::vector<std::string>{"0", "1", "500", "1000", "131072"});
  CHECK(database.number("SELECT count(*) FROM ci_build_trace_chunks "
                        "WHERE data_store <> 2 OR raw_data IS NULL") == 0);
  CHECK(database.number("SELECT count(*) FROM ci_build_trace_chunks AS c JOIN "
                        "ci_builds AS b ON b.id = c.build_id WHERE "
                        "b.failure_reason = 14 AND b.finished_at < "
                        "'2022-10-05T12:00:00'") > 1);
}

TEST_CASE("what a row says to be in Redis is there, for a week",
          "[postgres][seed]") {
  tests::TestDatabase database;
  tests::RedisServer redis;
  SeedOptions smoke = job_options(Profile::smoke);
  smoke.redis = redis.url();
  const SeedReport report = jobs::seed(smoke);
  const auto rows = database.rows(
      "SELECT build_id, chunk_index FROM ci_build_trace_chunks "
      "WHERE data_store = 4 AND raw_data IS NULL");
  std::set<std::size_t> lengths;
  for (const auto& row : rows) {
    const std::string key = "gitlab:ci:trace:" + row[0] + ":chunks:" + row[1];
    REQUIRE(redis.exists(key));
    lengths.insert(redis.get(key)->size());
    CHECK(std::stol(redis.command({"TTL", key}).value()) > 600'000);
  }
  CHECK(lengths == std::set<std::size_t>{0, 1, 500, 1000, 131072});
  CHECK(redis.keys() == rows.size());
  CHECK(report.made_jobs.chunks_in_redis ==
        static_cast<std::int64_t>(rows.size()));
}

TEST_CASE("the seed leaves a Redis alone that holds one of its keys",
          "[postgres][seed]") {
  tests::TestDatabase database;
  tests::RedisServer redis;
  SeedOptions smoke = job_options(Profile::smoke);
  smoke.redis = redis.url();
  jobs::seed(smoke);
  redis.command({"FLUSHALL"});
  const std::string key = "gitlab:ci:trace:" +
                          database.value(
                              "SELECT max(build_id) FROM ci_build_trace_chunks "
                              "WHERE data_store = 4") +
                          ":chunks:0";
  redis.set(key, "somebody's");

  tests::TestDatabase other;
  CHECK_THROWS_AS(jobs::seed(smoke), stores::StoreError);
  CHECK(other.number("SELECT count(*) FROM users") == 0);
  CHECK(redis.get(key) == "somebody's");
  CHECK(redis.keys() == 1);
}

TEST_CASE("a Redis that is not there leaves the database empty",
          "[postgres][seed][slow]") {
  tests::TestDatabase database;
  SeedOptions smoke = job_options(Profile::smoke);
  smoke.redis = "unix:///nowhere/redis.sock";
  CHECK_THROWS_AS(jobs::seed(smoke), stores::StoreError);
  CHECK(database.number("SELECT count(*) FROM users") == 0);
}

TEST_CASE("the demo has two hundred pipelines of blocked users, and 1,000 jobs",
          "[unit][seed]") {
  const db::SeedJobsPlan demo = plan(job_options(Profile::demo));
  CHECK(demo.blocked_users * demo.pipelines_per_user == 200);
  const MadeJobs made = count_made(demo);
  CHECK(made.jobs > 900);
  CHECK(made.jobs < 1100);
  // The default of --max-drop does for it.
  CHECK(expect(demo).dropped < jobs::Options{}.max_drop);
}

TEST_CASE("headline has no jobs but those it is told", "[unit][seed]") {
  CHECK(count_made(plan(job_options(Profile::headline))) == MadeJobs{});
  CHECK(expect(plan(job_options(Profile::headline))) == ExpectedJobs{});

  SeedOptions told = headline(10000);
  told.redis = "unix:///nowhere";
  CHECK(count_made(plan(told)) == MadeJobs{.users = 500,
                                           .blocked_users = 500,
                                           .pipelines = 2000,
                                           .jobs = 10000,
                                           .traces = 1000,
                                           .chunks = 3000,
                                           .chunks_in_redis = 1500});
  CHECK(expect(plan(told)).dropped == 10000);
  CHECK(expect(plan(told)).archived == 1000);
}
