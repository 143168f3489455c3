#include "jobs/exit_status.hpp"
#include "tests/support/some_bytes.hpp"
#include "tests/support/traces_world.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>

/// Traces that are not all there: empty, partial and lost are never confused.
using telemetry::Outcome;
using tests::full_chunk;
using tests::in_database;
using tests::in_redis;
using tests::some_bytes;
using tests::TracesWorld;
using Strings = std::vector<std::string>;

namespace {

std::string gap(std::size_t bytes) {
  return fmt::format(
      "\n[ci-janitor: {} bytes of this trace are missing here]\n", bytes);
}

const std::string end_of_trace_is_missing =
    "\n[ci-janitor: the end of this trace is missing, up to 131072 bytes]\n";

/// A dropped build without a chunk so far.
std::int64_t dropped(TracesWorld& world) {
  return world.builds.dropped_job(world.pipeline);
}

std::int64_t artifact_rows(TracesWorld& world) {
  return world.database.number("SELECT count(*) FROM ci_job_artifacts");
}

void check_partial(TracesWorld& world, std::int64_t job,
                   const std::string& text) {
  const telemetry::PassReport& pass = world.archive();
  CHECK(pass.outcome == Outcome::drained);
  CHECK(pass.partial == 1);
  CHECK(pass.archived + pass.empty + pass.lost + pass.failed == 0);
  CHECK(pass.bytes == std::ssize(text));
  CHECK(world.builds.archive(job) == text);
  CHECK(world.builds.violations() == Strings{});
  CHECK(world.chunk_rows() == 0);
  CHECK(world.redis.keys() + world.shared_state.keys() == 0);
}

void check_empty(TracesWorld& world) {
  const telemetry::PassReport& pass = world.archive();
  CHECK(pass.outcome == Outcome::drained);
  CHECK(pass.empty == 1);
  CHECK(pass.archived + pass.partial + pass.lost + pass.failed == 0);
  CHECK(world.chunk_rows() == 0);
  CHECK(artifact_rows(world) == 0);
  CHECK(world.files_left() == 0);
  CHECK(world.redis.keys() + world.shared_state.keys() == 0);
}

/// The rows are kept, and named by the first.
void check_lost(TracesWorld& world, std::int64_t job, std::int64_t first_row) {
  const std::string before = world.database.dump();
  const telemetry::PassReport& pass = world.archive();
  CHECK(pass.lost == 1);
  CHECK(pass.archived + pass.partial + pass.empty == 0);
  CHECK(pass.failed == 1);
  CHECK(pass.outcome == Outcome::partial);
  CHECK(world.database.dump() == before);
  CHECK(world.files_left() == 0);
  const telemetry::Report& report = world.run();
  REQUIRE(report.problems_total() == 1);
  CHECK(report.problems()[0].table == "ci_build_trace_chunks");
  CHECK(report.problems()[0].id == first_row);
  CHECK(report.problems()[0].reason ==
        fmt::format("the trace of job {} is lost: {} chunks, and none of their "
                    "bytes is where it should be; the rows are kept",
                    job, world.builds.chunks_left(job)));
  CHECK(jobs::exit_status(world.options, report, 0) == jobs::exit_partial);
  CHECK(report.backlog.traces == 0);
}

}  // namespace

TEST_CASE("chunks of the database without a byte are forgotten, and no archive",
          "[postgres][schemas]") {
  TracesWorld world;
  const auto job = dropped(world);
  world.builds.bare_chunk(job, 0, in_database);
  world.chunk(job, 1, "", in_database);
  check_empty(world);
}

TEST_CASE("a chunk of Redis without a byte is forgotten, and no archive",
          "[postgres][schemas]") {
  TracesWorld world;
  world.chunk(dropped(world), 0, "", in_redis);
  check_empty(world);
}

TEST_CASE("a trace with an index missing is archived with a line at the gap",
          "[postgres][schemas]") {
  const int store = GENERATE(in_redis, in_database);
  TracesWorld world;
  const auto job = dropped(world);
  const std::string first = some_bytes(full_chunk);
  world.chunk(job, 0, first, store);
  world.chunk(job, 3, "end", store);
  check_partial(world, job, first + gap(2 * full_chunk) + "end");
}

TEST_CASE("a trace whose first chunk is missing is partial",
          "[postgres][schemas]") {
  TracesWorld world;
  const auto job = dropped(world);
  world.chunk(job, 1, "end", in_redis);
  check_partial(world, job, gap(full_chunk) + "end");
}

TEST_CASE("a chunk short in the middle is a gap of what it lacks",
          "[postgres][schemas]") {
  TracesWorld world;
  const auto job = dropped(world);
  world.chunk(job, 0, "short", in_database);
  world.chunk(job, 1, "end", in_redis);
  check_partial(world, job, "short" + gap(full_chunk - 5) + "end");
}

TEST_CASE("a chunk gone from Redis leaves a gap, and the rest is archived",
          "[postgres][schemas]") {
  TracesWorld world;
  const auto job = dropped(world);
  const std::string first = some_bytes(full_chunk);
  world.chunk(job, 0, first, in_redis);
  world.builds.bare_chunk(job, 1, in_redis);
  world.chunk(job, 2, "end", in_redis);
  check_partial(world, job, first + gap(full_chunk) + "end");
}

TEST_CASE("where the last chunk is gone, the archive says so",
          "[postgres][schemas]") {
  TracesWorld world;
  const auto job = dropped(world);
  const std::string first = some_bytes(full_chunk);
  world.chunk(job, 0, first, in_redis);
  world.builds.bare_chunk(job, 1, in_redis);
  check_partial(world, job, first + end_of_trace_is_missing);
}

TEST_CASE("a flushed chunk whose bytes are gone from the row is a gap",
          "[postgres][schemas]") {
  TracesWorld world;
  const auto job = dropped(world);
  world.builds.bare_chunk(job, 0, in_database);
  world.database.run("UPDATE ci_build_trace_chunks SET checksum = '123'");
  world.chunk(job, 1, "end", in_database);
  check_partial(world, job, gap(full_chunk) + "end");
}

TEST_CASE("the highest index there can be is one gap, and takes no time",
          "[postgres][schemas]") {
  TracesWorld world;
  const auto job = dropped(world);
  world.chunk(job, 0, "begin", in_redis);
  world.chunk(job, 2147483647, "end", in_database);
  check_partial(world, job,
                "begin" + gap(2147483647UL * full_chunk - 5) + "end");
}

TEST_CASE("ten thousand short chunks are one archive with its gaps",
          "[postgres][slow]") {
  TracesWorld world;
  const auto job = dropped(world);
  world.database.run(
      fmt::format("INSERT INTO ci_build_trace_chunks (build_id, chunk_index, "
                  "data_store, raw_data) SELECT {}, 2 * i, 2, "
                  "convert_to('line ' || i, 'UTF8') "
                  "FROM generate_series(0, 9999) AS i",
                  job));
  std::string text = "line 0";
  for (int i = 1; i < 10000; ++i) {
    const std::size_t before = fmt::format("line {}", i - 1).size();
    text += gap(2 * full_chunk - before) + fmt::format("line {}", i);
  }
  check_partial(world, job, text);
}

TEST_CASE("where no chunk's bytes are left, the rows are kept and named",
          "[postgres][schemas]") {
  TracesWorld world;
  const auto job = dropped(world);
  const auto first = world.builds.bare_chunk(job, 0, in_redis);
  world.builds.bare_chunk(job, 1, tests::in_shared_state);
  check_lost(world, job, first);
}

TEST_CASE("a flushed chunk without its bytes is lost, not empty",
          "[postgres][schemas]") {
  TracesWorld world;
  const auto job = dropped(world);
  const auto row = world.builds.bare_chunk(job, 0, in_database);
  world.database.run("UPDATE ci_build_trace_chunks SET checksum = '123'");
  check_lost(world, job, row);
}

TEST_CASE("one trace of each kind is counted once each",
          "[postgres][schemas]") {
  TracesWorld world;
  world.trace("whole");
  world.chunk(dropped(world), 0, "", in_redis);
  world.chunk(dropped(world), 1, "partial", in_redis);
  world.builds.bare_chunk(dropped(world), 0, in_redis);
  const telemetry::PassReport& pass = world.archive();
  CHECK(pass.archived == 1);
  CHECK(pass.empty == 1);
  CHECK(pass.partial == 1);
  CHECK(pass.lost == 1);
  CHECK(pass.failed == 1);
  CHECK(pass.chunks == 3);
}

TEST_CASE("what is lost is counted once, however often a run looks at it",
          "[postgres][schemas]") {
  TracesWorld world;
  world.builds.bare_chunk(dropped(world), 0, in_redis);
  world.chunk(world.builds.dropped_job(world.pipeline, "0 seconds"), 0, "log",
              in_redis);
  world.options.trace_settle = std::chrono::seconds{1};
  const telemetry::PassReport& pass = world.archive();
  CHECK(pass.archived == 1);
  CHECK(pass.lost == 1);
}
