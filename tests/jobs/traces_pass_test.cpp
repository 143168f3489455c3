#include "stores/digest.hpp"
#include "tests/support/schema_era.hpp"
#include "tests/support/some_bytes.hpp"
#include "tests/support/trace_gitlab.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <filesystem>

/// What the traces pass archives, and what it leaves behind.
using telemetry::Outcome;
using tests::full_chunk;
using tests::in_database;
using tests::in_redis;
using tests::in_shared_state;
using tests::some_bytes;
using tests::TracesWorld;
using Strings = std::vector<std::string>;

namespace {

std::string digest_of(const char* algorithm, const std::string& bytes) {
  stores::Digest digest(algorithm);
  digest.update(bytes);
  return digest.hex();
}

void check_archived(TracesWorld& world, std::int64_t traces,
                    std::int64_t chunks, std::int64_t bytes) {
  const telemetry::PassReport& pass = world.archive();
  CHECK(pass.outcome == Outcome::drained);
  CHECK(pass.archived == traces);
  CHECK(pass.chunks == chunks);
  CHECK(pass.bytes == bytes);
  CHECK(pass.empty + pass.partial + pass.lost + pass.failed == 0);
  CHECK(world.left_over() == Strings{});
}

}  // namespace

TEST_CASE("a trace in the database is archived byte for byte, and forgotten",
          "[postgres][schemas]") {
  TracesWorld world;
  world.trace(some_bytes(2 * full_chunk + 1000), {in_database});
  check_archived(world, 1, 3, 2 * full_chunk + 1000);
}

TEST_CASE("a trace in Redis is archived byte for byte, and its keys go",
          "[postgres][schemas]") {
  const int data_store = GENERATE(in_redis, in_shared_state);
  TracesWorld world;
  world.trace(some_bytes(2 * full_chunk + 1000), {data_store});
  REQUIRE(world.server(data_store).keys() == 3);
  check_archived(world, 1, 3, 2 * full_chunk + 1000);
}

TEST_CASE("a trace whose chunks are in three places is put together in order",
          "[postgres][schemas]") {
  TracesWorld world;
  world.trace(some_bytes(7 * full_chunk + 5),
              {in_redis, in_database, in_shared_state});
  check_archived(world, 1, 8, 7 * full_chunk + 5);
}

TEST_CASE("one Redis serves both kinds of chunks where only one is given",
          "[postgres][schemas]") {
  TracesWorld world;
  world.options.redis_shared_state.reset();
  const auto job = world.trace(some_bytes(full_chunk), {in_redis});
  world.redis.set(TracesWorld::chunk_key(job, 1), "end");
  world.builds.bare_chunk(job, 1, in_shared_state);
  world.texts[job] += "end";
  check_archived(world, 1, 2, full_chunk + 3);
}

TEST_CASE("a trace of one chunk of one byte, and of one full chunk, is whole",
          "[postgres][schemas]") {
  TracesWorld world;
  world.trace("x");
  world.trace(some_bytes(full_chunk));
  world.trace(std::string("\0\n\xff", 3), {in_database});
  check_archived(world, 3, 3, full_chunk + 4);
}

TEST_CASE("chunks are read in the order of their indexes, not of their rows",
          "[postgres][schemas]") {
  TracesWorld world;
  const auto job = world.builds.dropped_job(world.pipeline);
  const std::string text = some_bytes(11 * full_chunk + 9);
  for (int index = 11; index >= 0; --index)
    world.chunk(
        job, index,
        text.substr(static_cast<std::size_t>(index) * full_chunk, full_chunk),
        index % 2 == 0 ? in_redis : in_database);
  world.texts[job] = text;
  check_archived(world, 1, 12, std::ssize(text));
}

TEST_CASE("a trace of 300 full chunks is archived byte for byte",
          "[postgres][slow]") {
  TracesWorld world;
  world.trace(some_bytes(300 * full_chunk), {in_redis, in_database});
  check_archived(world, 1, 300, 300 * full_chunk);
}

TEST_CASE("many traces are archived, each with its own bytes",
          "[postgres][schemas]") {
  TracesWorld world;
  world.traces(70, {in_redis, in_database, in_shared_state});
  std::int64_t bytes = 0;
  for (const auto& [job, text] : world.texts)
    bytes += std::ssize(text);
  check_archived(world, 70, world.chunk_rows(), bytes);
}

TEST_CASE("where nothing has a live trace, nothing happens",
          "[postgres][schemas]") {
  TracesWorld world;
  world.builds.dropped_job(world.pipeline);
  const std::string before = world.database.dump();
  check_archived(world, 0, 0, 0);
  CHECK(world.database.dump() == before);
}

TEST_CASE("an archived trace has the row that GitLab would have written",
          "[postgres][schemas]") {
  TracesWorld world;
  const std::string text = some_bytes(full_chunk + 77);
  const auto job = world.trace(text);
  const tests::SchemaEra era = tests::schema_era();
  if (era.has_partition_column() && !era.is_partitioned())
    world.database.run("UPDATE ci_builds SET partition_id = 101");
  world.archive();
  // As JSON: columns that this era does not have are NULL.
  CHECK(world.database.rows(
            "SELECT project_id, job_id, file_type, file, file_store, size, "
            "convert_from(file_sha256, 'UTF8'), expire_at, file_format, "
            "file_location, to_jsonb(a) ->> 'locked', "
            "to_jsonb(a) ->> 'original_filename', "
            "to_jsonb(a) ->> 'partition_id' IS NOT DISTINCT FROM "
            "(SELECT to_jsonb(b) ->> 'partition_id' FROM ci_builds AS b "
            "WHERE b.id = job_id), "
            "created_at > now() - interval '1 minute' AND created_at <= now(), "
            "updated_at >= created_at AND updated_at <= now() "
            "FROM ci_job_artifacts AS a") ==
        std::vector<Strings>{{"1", std::to_string(job), "3", "job.log", "1",
                              std::to_string(text.size()),
                              digest_of("SHA256", text), "NULL", "NULL", "NULL",
                              era.has_lock_column() ? "2" : "NULL", "NULL", "t",
                              "t", "t"}});
}

TEST_CASE("an archived trace has GitLab's metadata, its MD5 in hex",
          "[postgres][schemas][metadata]") {
  TracesWorld world;
  const auto job = world.trace("text of a log");
  world.archive();
  CHECK(world.database.rows(
            "SELECT m.build_id, m.trace_artifact_id = a.id, "
            "convert_from(m.checksum, 'UTF8'), m.remote_checksum, "
            "m.archival_attempts, m.last_archival_attempt_at, "
            "m.archived_at > now() - interval '1 minute' "
            "AND m.archived_at <= now() "
            "FROM ci_build_trace_metadata m "
            "JOIN ci_job_artifacts a ON a.job_id = m.build_id") ==
        std::vector<Strings>{{std::to_string(job), "t",
                              digest_of("MD5", "text of a log"), "NULL", "0",
                              "NULL", "t"}});
}

TEST_CASE("metadata of attempts that failed is kept and completed",
          "[postgres][schemas][metadata]") {
  TracesWorld world;
  const auto job = world.trace("log");
  world.database.run(fmt::format(
      "INSERT INTO ci_build_trace_metadata (build_id, archival_attempts, "
      "last_archival_attempt_at) VALUES ({}, 3, '2026-01-02')",
      job));
  check_archived(world, 1, 1, 3);
  CHECK(world.database.rows(
            "SELECT archival_attempts, last_archival_attempt_at::date, "
            "trace_artifact_id IS NOT NULL, archived_at IS NOT NULL, "
            "convert_from(checksum, 'UTF8') FROM ci_build_trace_metadata") ==
        std::vector<Strings>{
            {"3", "2026-01-02", "t", "t", digest_of("MD5", "log")}});
}

TEST_CASE("the object lies under GitLab's path, and nowhere else",
          "[postgres][schemas]") {
  TracesWorld world;
  const auto job = world.trace("log");
  world.archive();
  const auto row = world.database.rows(
      "SELECT id, to_char(created_at AT TIME ZONE 'UTC', 'YYYY_MM_DD') "
      "FROM ci_job_artifacts")[0];
  const std::string one =
      "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b";
  CHECK(tests::read_file(world.store.path() / "6b" / "86" / one / row[1] /
                         std::to_string(job) / row[0] / "job.log") == "log");
  CHECK(world.files_left() == 1);
}

TEST_CASE("what a runner said of an archived build is forgotten, of others not",
          "[postgres][schemas]") {
  TracesWorld world;
  const auto job = world.trace("log");
  const auto running = world.builds.job(world.pipeline);
  world.builds.chunk(running, 0, "still written");
  for (const auto id : {job, running})
    world.database.run(fmt::format(
        "INSERT INTO ci_build_pending_states (created_at, updated_at, "
        "build_id) VALUES (now(), now(), {})",
        id));
  world.archive();
  CHECK(world.database.column("SELECT build_id FROM ci_build_pending_states") ==
        Strings{std::to_string(running)});
}

TEST_CASE("neither the build nor anything beside it is written to",
          "[postgres][schemas]") {
  TracesWorld world;
  world.trace("log");
  const char* const rows =
      "SELECT to_jsonb(b) FROM ci_builds b UNION ALL "
      "SELECT to_jsonb(p) FROM ci_pipelines p UNION ALL "
      "SELECT to_jsonb(s) FROM ci_stages s";
  const Strings before = world.database.column(rows);
  world.archive();
  CHECK(world.database.column(rows) == before);
}

TEST_CASE("the builds pass and the traces pass archive a build in one run",
          "[postgres][schemas]") {
  TracesWorld world;
  world.options.passes = {telemetry::Pass::builds, telemetry::Pass::traces};
  const auto job = world.builds.job(world.pipeline);
  world.chunk(job, 0, "log of a running build", in_redis);
  world.texts[job] = "log of a running build";
  check_archived(world, 1, 1, 22);
  CHECK(world.builds.status(job) == "failed");
}

TEST_CASE("a second run finds nothing to do", "[postgres][schemas]") {
  TracesWorld world;
  world.traces(5, {in_redis, in_database});
  world.archive();
  const std::string before = world.database.dump();
  check_archived(world, 0, 0, 0);
  CHECK(world.database.dump() == before);
}
