#include "db/traces.hpp"
#include "db/explain.hpp"
#include "tests/support/some_bytes.hpp"
#include "tests/support/traces_world.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <optional>

/// The statements of the traces pass, one by one.
using db::Chunk;
using tests::in_database;
using tests::in_redis;
using tests::TracesWorld;
using Ids = std::vector<std::int64_t>;

namespace {

struct Gitlab : TracesWorld {
  Gitlab() {
    session.search_path = catalog.search_path();
    session.tables = &catalog.tables();
    session.read_only = false;
    selection.settle = std::chrono::seconds{0};
  }

  Ids walked(std::int64_t after, std::int64_t limit) {
    const auto walk = rows.walk(session, selection, after, limit);
    last = walk.last;
    Ids ids;
    for (const db::LiveTrace& trace : walk.traces)
      ids.push_back(trace.build_id);
    return ids;
  }
  std::vector<Chunk> chunks(std::int64_t job) {
    return rows.chunks(session, {job});
  }
  /// The row of \a job, made or found, with what would be stored.
  db::StoredTrace row(std::int64_t job) {
    (void)rows.insert(session, {{job}, {100}});
    return {.artifact_id = rows.artifacts(session, {{job}, {100}}).at(0).id,
            .job_id = job,
            .size = 3,
            .sha256 = "sha",
            .md5 = "md5"};
  }
  Ids completed(std::int64_t job, const std::vector<Chunk>& read) {
    return rows.complete(session, {row(job)}, read);
  }

  db::Pool pool{"test", stop};
  db::Catalog catalog = db::Catalog::read(pool, {});
  db::Traces rows{pool};
  db::Session session;
  db::TraceSelection selection;
  std::optional<std::int64_t> last;
};

}  // namespace

TEST_CASE("a walk meets each build that has chunks once, a step at a time",
          "[postgres]") {
  Gitlab gitlab;
  Ids made;
  for (int i = 0; i < 5; ++i) {
    made.push_back(gitlab.trace("log"));
    gitlab.builds.bare_chunk(made.back(), 1, in_redis);
    gitlab.builds.dropped_job(gitlab.pipeline);
  }
  CHECK(gitlab.walked(0, 2) == Ids{made[0], made[1]});
  CHECK(gitlab.last == made[1]);
  CHECK(gitlab.walked(made[1], 2) == Ids{made[2], made[3]});
  CHECK(gitlab.walked(made[3], 2) == Ids{made[4]});
  CHECK(gitlab.last == std::nullopt);
  CHECK(gitlab.walked(made[4], 2).empty());
  CHECK(gitlab.last == std::nullopt);
  CHECK(gitlab.walked(0, 5) == made);
  CHECK(gitlab.last == made[4]);
}

TEST_CASE("a walk goes on behind builds that are not to be archived",
          "[postgres]") {
  Gitlab gitlab;
  const auto running = gitlab.builds.job(gitlab.pipeline);
  gitlab.builds.bare_chunk(running, 0, in_redis);
  const auto dropped = gitlab.trace("log");
  CHECK(gitlab.walked(0, 1).empty());
  CHECK(gitlab.last == running);
  CHECK(gitlab.walked(running, 1) == Ids{dropped});
}

TEST_CASE("a walk says how long until a trace has settled", "[postgres]") {
  Gitlab gitlab;
  gitlab.selection.settle = std::chrono::minutes{10};
  for (const char* ago : {"4 minutes", "11 minutes"})
    gitlab.chunk(gitlab.builds.dropped_job(gitlab.pipeline, ago), 0, "log",
                 in_redis);
  const auto walk = gitlab.rows.walk(gitlab.session, gitlab.selection, 0, 9);
  REQUIRE(walk.traces.size() == 2);
  CHECK(walk.traces[0].due_in > std::chrono::seconds{350});
  CHECK(walk.traces[0].due_in <= std::chrono::seconds{360});
  CHECK(walk.traces[1].due_in.count() <= 0);
}

TEST_CASE("a walk reads neither all builds nor all chunks", "[postgres]") {
  Gitlab gitlab;
  gitlab.database.run(fmt::format(
      "INSERT INTO ci_builds (commit_id, project_id, status) "
      "SELECT {}, 1, 'success' FROM generate_series(1, 20000); "
      "INSERT INTO ci_build_trace_chunks (build_id, chunk_index, data_store) "
      "SELECT id, i, 4 FROM ci_builds, generate_series(0, 9) AS i "
      "WHERE id % 100 = 0; ANALYZE",
      gitlab.pipeline));
  for (const db::Statement& statement : gitlab.rows.statements()) {
    INFO(statement.query.name);
    const auto plan = db::explain(gitlab.pool, gitlab.session, statement, true);
    CHECK_FALSE(plan.scans_whole("ci_builds"));
    CHECK_FALSE(plan.scans_whole("ci_build_trace_chunks"));
  }
}

TEST_CASE("bytes of a chunk that has left its row are left out", "[postgres]") {
  Gitlab gitlab;
  const auto job = gitlab.trace("log", {in_database});
  const auto moved = gitlab.builds.chunk(job, 1, "old");
  gitlab.database.run(fmt::format(
      "UPDATE ci_build_trace_chunks SET data_store = 3 WHERE id = {}", moved));
  const std::int64_t here = gitlab.chunks(job).at(0).id;
  std::map<std::int64_t, std::string> read;
  gitlab.rows.read(
      gitlab.session, {here, moved, moved + 1},
      [&](std::int64_t id, std::string_view bytes) { read[id] = bytes; });
  CHECK(read == std::map<std::int64_t, std::string>{{here, "log"}});
}

TEST_CASE("only a completed build gets a row, and only one", "[postgres]") {
  Gitlab gitlab;
  Ids jobs;
  Ids completed;
  for (const char* status : {"running", "pending", "manual", "success",
                             "failed", "canceled", "skipped"}) {
    jobs.push_back(gitlab.builds.job(gitlab.pipeline, {.status = status}));
    if (jobs.size() > 3)
      completed.push_back(jobs.back());
  }
  Ids made;
  for (const auto& row : gitlab.rows.insert(gitlab.session, {jobs, {100}})) {
    made.push_back(row.job_id);
    CHECK_FALSE(row.has_file);
  }
  std::ranges::sort(made);
  CHECK(made == completed);
  CHECK(gitlab.rows.insert(gitlab.session, {jobs, {100}}).empty());
  CHECK(gitlab.rows.artifacts(gitlab.session, {jobs, {100}}).size() == 4);
}

TEST_CASE("a row is completed once, while the chunks are what was read",
          "[postgres]") {
  Gitlab gitlab;
  const auto job = gitlab.trace("log");
  const auto read = gitlab.chunks(job);
  CHECK(gitlab.completed(job, read) == Ids{job});
  CHECK(gitlab.completed(job, read).empty());
}

TEST_CASE("a row is not completed once a chunk is not what was read",
          "[postgres]") {
  const std::string change = GENERATE(
      "UPDATE ci_build_trace_chunks SET lock_version = lock_version + 1",
      "UPDATE ci_build_trace_chunks SET data_store = 2",
      "DELETE FROM ci_build_trace_chunks WHERE chunk_index = 0",
      "UPDATE ci_build_trace_chunks SET id = id + 100 WHERE chunk_index = 0",
      "INSERT INTO ci_build_trace_chunks (build_id, chunk_index, data_store) "
      "SELECT build_id, 9, 4 FROM ci_build_trace_chunks LIMIT 1");
  INFO(change);
  Gitlab gitlab;
  const auto job = gitlab.trace(tests::some_bytes(tests::full_chunk + 1));
  const auto other = gitlab.builds.dropped_job(gitlab.pipeline);
  const auto read = gitlab.chunks(job);
  gitlab.database.run(change);
  CHECK(gitlab.rows.complete(gitlab.session,
                             {gitlab.row(job), gitlab.row(other)},
                             read) == Ids{other});
  CHECK(gitlab.database.number("SELECT count(*) FROM ci_job_artifacts "
                               "WHERE file IS NOT NULL") == 1);
  CHECK(gitlab.database.number(
            "SELECT count(*) FROM ci_build_trace_metadata") == 1);
}

TEST_CASE("a row that another took the place of is not completed",
          "[postgres]") {
  Gitlab gitlab;
  const auto job = gitlab.trace("log");
  const auto stored = gitlab.row(job);
  gitlab.database.run("UPDATE ci_job_artifacts SET id = id + 100");
  CHECK(gitlab.rows.complete(gitlab.session, {stored}, gitlab.chunks(job))
            .empty());
}

TEST_CASE("chunks are forgotten if they still are what was read",
          "[postgres]") {
  Gitlab gitlab;
  const auto job = gitlab.trace(tests::some_bytes(3 * tests::full_chunk));
  const auto read = gitlab.chunks(job);
  gitlab.database.run(
      "UPDATE ci_build_trace_chunks SET lock_version = 7 WHERE chunk_index = 0;"
      "UPDATE ci_build_trace_chunks SET data_store = 2 WHERE chunk_index = 1; "
      "INSERT INTO ci_build_pending_states (created_at, updated_at, build_id) "
      "SELECT now(), now(), build_id FROM ci_build_trace_chunks LIMIT 1");
  CHECK(gitlab.rows.forget(gitlab.session, read) == 1);
  const auto left = gitlab.chunks(job);
  REQUIRE(left.size() == 2);
  CHECK(left[0].index == 0);
  CHECK(left[1].index == 1);
  const char* const states = "SELECT count(*) FROM ci_build_pending_states";
  CHECK(gitlab.database.number(states) == 1);
  CHECK(gitlab.rows.forget(gitlab.session, left) == 2);
  CHECK(gitlab.database.number(states) == 0);
}

TEST_CASE("traces are archived where GitLab has less in its tables",
          "[postgres]") {
  const char* const change =
      GENERATE("DROP TABLE ci_build_pending_states",
               "ALTER TABLE ci_job_artifacts DROP COLUMN partition_id",
               "ALTER TABLE ci_builds DROP COLUMN partition_id CASCADE",
               "ALTER TABLE ci_job_artifacts DROP COLUMN original_filename");
  INFO(change);
  TracesWorld world;
  world.traces(3, {in_redis, in_database});
  world.database.run(change);
  CHECK(world.archive().archived == 3);
  CHECK(world.left_over() == std::vector<std::string>{});
}
