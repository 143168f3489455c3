#include "tests/support/some_bytes.hpp"
#include "tests/support/trace_gitlab.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <filesystem>

/// Traces with which somebody was busy before: we, killed, or a live GitLab.
using telemetry::Outcome;
using telemetry::Pass;
using tests::full_chunk;
using tests::in_database;
using tests::in_redis;
using tests::some_bytes;
using tests::TraceGitlab;
using tests::TracesWorld;
using Strings = std::vector<std::string>;

namespace {

/// A trace that GitLab has archived, and of which chunks are left.
std::int64_t archived(TracesWorld& world, const std::string& text,
                      const std::vector<int>& data_stores = {in_redis}) {
  const auto job = world.trace(text, data_stores);
  TraceGitlab gitlab(world);
  gitlab.insert_archive(job, text);
  gitlab.store_archive(job, text);
  return job;
}

std::string artifacts_of(TracesWorld& world) {
  std::string all;
  for (const std::string& row : world.database.column(
           "SELECT to_jsonb(a) FROM ci_job_artifacts a ORDER BY id"))
    all += row + '\n';
  return all;
}

/// The archive is left as it is, the chunks too, and both are named.
void check_both_kept(TracesWorld& world) {
  const std::string before = world.database.dump();
  const auto keys = world.redis.keys();
  const telemetry::Report& report = world.run();
  REQUIRE(report.problems_total() == 1);
  CHECK(report.problems()[0].reason.find(
            "has an archive, and chunks with other bytes than it; both are "
            "kept") != std::string::npos);
  CHECK(report.pass(Pass::traces).outcome == Outcome::partial);
  CHECK(report.pass(Pass::traces).archived == 0);
  CHECK(world.database.dump() == before);
  CHECK(world.redis.keys() == keys);
}

}  // namespace

TEST_CASE("chunks that an archive was made of are forgotten, and it stays",
          "[postgres][schemas]") {
  const int store = GENERATE(in_redis, in_database);
  TracesWorld world;
  archived(world, some_bytes(2 * full_chunk + 10), {store});
  const std::string before = artifacts_of(world);
  const telemetry::PassReport& pass = world.archive();
  CHECK(pass.archived == 0);
  CHECK(pass.chunks == 3);
  CHECK(pass.outcome == Outcome::drained);
  CHECK(artifacts_of(world) == before);
  CHECK(world.left_over() == Strings{});
}

TEST_CASE("of an archived trace the chunks that are left are enough",
          "[postgres][schemas]") {
  TracesWorld world;
  const auto job = archived(world, some_bytes(3 * full_chunk + 10));
  world.database.run(
      "DELETE FROM ci_build_trace_chunks WHERE chunk_index IN (0, 2)");
  for (const int index : {0, 1, 2})
    world.redis.command({"DEL", TracesWorld::chunk_key(job, index)});
  CHECK(world.archive().chunks == 2);
  CHECK(world.left_over() == Strings{});
}

TEST_CASE("a partial trace that was archived is known again",
          "[postgres][schemas]") {
  TracesWorld world;
  const auto job = world.builds.dropped_job(world.pipeline);
  world.chunk(job, 0, "short", in_redis);
  world.chunk(job, 2, "end", in_redis);
  REQUIRE(world.archive().partial == 1);
  const std::string before = artifacts_of(world);
  world.chunk(job, 0, "short", in_redis);
  world.chunk(job, 2, "end", in_redis);
  CHECK(world.archive().chunks == 2);
  CHECK(world.chunk_rows() == 0);
  CHECK(artifacts_of(world) == before);
}

TEST_CASE("a row without a file is completed, with its id and its day",
          "[postgres][schemas]") {
  TracesWorld world;
  const auto job = world.trace(some_bytes(full_chunk + 1));
  const auto id = TraceGitlab(world).insert_row_without_file(
      job, "'2026-01-02 23:59:59+00'");
  CHECK(world.archive().archived == 1);
  CHECK(world.left_over() == Strings{});
  CHECK(world.database.rows("SELECT id, created_at AT TIME ZONE 'UTC', "
                            "updated_at > now() - interval '1 minute' "
                            "FROM ci_job_artifacts") ==
        std::vector<Strings>{{std::to_string(id), "2026-01-02 23:59:59", "t"}});
}

TEST_CASE("the object of a run that was killed is written anew",
          "[postgres][schemas]") {
  TracesWorld world;
  const auto job = world.trace("the whole log");
  TraceGitlab gitlab(world);
  gitlab.insert_row_without_file(job);
  gitlab.store_archive(job, "some other bytes, and more of them");
  CHECK(world.archive().archived == 1);
  CHECK(world.left_over() == Strings{});
}

TEST_CASE("a row without a file is left where there is nothing to archive",
          "[postgres][schemas]") {
  TracesWorld world;
  const auto job = world.builds.dropped_job(world.pipeline);
  world.builds.bare_chunk(job, 0, in_redis);
  TraceGitlab(world).insert_row_without_file(job);
  CHECK(world.archive().lost == 1);
  CHECK(world.chunk_rows() == 1);
  CHECK(world.files_left() == 0);
}

TEST_CASE("an archive of other bytes than the chunks: both are kept",
          "[postgres][schemas]") {
  TracesWorld world;
  const std::string text = some_bytes(full_chunk + 10);
  const auto job = archived(world, text);
  SECTION("a byte differs") {
    world.redis.command({"SETRANGE", TracesWorld::chunk_key(job, 0), "7", "#"});
  }
  SECTION("more was written") {
    world.redis.command({"APPEND", TracesWorld::chunk_key(job, 1), "more"});
  }
  SECTION("there is a chunk more") {
    world.chunk(job, 2, "more", in_database);
  }
  SECTION("a chunk more, and the others are gone") {
    world.database.run("DELETE FROM ci_build_trace_chunks");
    world.chunk(job, 2, "more", in_redis);
  }
  SECTION("the object is gone") {
    std::filesystem::remove_all(world.store.path() / "6b");
  }
  SECTION("the object was cut short") {
    world.store.write(TraceGitlab(world).path(job), text.substr(0, full_chunk));
  }
  SECTION("the object is not what its row says") {
    world.store.write(TraceGitlab(world).path(job), text + "more");
  }
  check_both_kept(world);
}

TEST_CASE("an archive in a store that is not given is not compared",
          "[postgres][schemas]") {
  TracesWorld world;
  archived(world, "log");
  world.database.run("UPDATE ci_job_artifacts SET file_store = 2");
  world.options.archive_store = 1;
  const std::string before = world.database.dump();
  const telemetry::Report& report = world.run();
  REQUIRE(report.problems_total() == 1);
  CHECK(report.problems()[0].reason.find("file_store 2") != std::string::npos);
  CHECK(world.database.dump() == before);
  CHECK(world.redis.keys() == 1);
}

TEST_CASE("artifacts of other kinds are not mistaken for a trace",
          "[postgres][schemas]") {
  TracesWorld world;
  const auto job = world.trace("log");
  world.database.run(fmt::format(
      "INSERT INTO ci_job_artifacts (project_id, job_id, file_type, file, "
      "created_at, updated_at) VALUES (1, {}, 1, 'artifacts.zip', now(), "
      "now())",
      job));
  CHECK(world.archive().archived == 1);
  CHECK(world.builds.archive(job) == "log");
  CHECK(world.database.column("SELECT file FROM ci_job_artifacts "
                              "ORDER BY file_type") ==
        Strings{"artifacts.zip", "job.log"});
}
