#include "jobs/check.hpp"
#include "jobs/exit_status.hpp"
#include "tests/support/some_bytes.hpp"
#include "tests/support/traces_world.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <chrono>
#include <filesystem>

/// Plans, and what is out of a run's reach.
using telemetry::Outcome;
using telemetry::Pass;
using tests::full_chunk;
using tests::in_database;
using tests::in_redis;
using tests::in_shared_state;
using tests::some_bytes;
using tests::TracesWorld;
using Strings = std::vector<std::string>;

namespace {

std::string redis_of(TracesWorld& world) {
  std::string all;
  for (tests::RedisServer* server : {&world.redis, &world.shared_state})
    all += server->command({"KEYS", "*"}).value_or("") + "--";
  return all;
}

/// A run that may do nothing with the only trace but name it.
std::string only_problem(TracesWorld& world) {
  const std::string before = world.database.dump();
  const std::string keys = redis_of(world);
  const telemetry::Report& report = world.run();
  CHECK(world.database.dump() == before);
  CHECK(redis_of(world) == keys);
  CHECK(world.files_left() == 0);
  CHECK(report.pass(Pass::traces).outcome == Outcome::partial);
  CHECK(report.pass(Pass::traces).archived == 0);
  CHECK(report.pass(Pass::traces).lost == 0);
  CHECK(jobs::exit_status(world.options, report, 0) == jobs::exit_partial);
  REQUIRE(report.problems_total() == 1);
  CHECK(report.problems()[0].table == "ci_build_trace_chunks");
  return report.problems()[0].reason;
}

void add_one_of_each(TracesWorld& world) {
  world.traces(4, {in_redis, in_database, in_shared_state});
  const auto dropped = [&] { return world.builds.dropped_job(world.pipeline); };
  world.chunk(dropped(), 0, "", in_redis);
  world.chunk(dropped(), 1, "partial", in_redis);
  world.builds.bare_chunk(dropped(), 0, in_redis);
}

}  // namespace

TEST_CASE("a plan of traces changes nothing, and tells what a run does",
          "[postgres][schemas]") {
  TracesWorld world;
  add_one_of_each(world);
  const std::string before = world.database.dump();
  const std::string keys = redis_of(world);
  const telemetry::PassReport& planned = world.plan().pass(Pass::traces);
  CHECK(world.database.dump() == before);
  CHECK(redis_of(world) == keys);
  CHECK(world.files_left() == 0);
  CHECK(planned.archived == 4);
  CHECK(planned.empty == 1);
  CHECK(planned.partial == 1);
  CHECK(planned.lost == 1);
  CHECK(planned.failed == 1);
  CHECK(planned.chunks == 0);

  const telemetry::PassReport& done = world.archive();
  CHECK(done.archived == 4);
  CHECK(done.empty == 1);
  CHECK(done.partial == 1);
  CHECK(done.lost == 1);
}

TEST_CASE("what a plan would have archived is no backlog, what settles is",
          "[postgres][schemas]") {
  TracesWorld world;
  add_one_of_each(world);
  CHECK(world.plan().backlog.traces == 0);
  world.options.trace_settle = std::chrono::hours{2};
  const telemetry::Report& report = world.plan();
  CHECK(report.backlog.traces == 7);
  CHECK(report.pass(Pass::traces).archived == 0);
}

TEST_CASE("a plan is not kept waiting for traces that settle",
          "[postgres][schemas]") {
  TracesWorld world;
  world.options.trace_settle = std::chrono::seconds{30};
  world.chunk(world.builds.dropped_job(world.pipeline, "1 second"), 0, "log",
              in_redis);
  CHECK(world.plan().pass(Pass::traces).seconds < 20);
}

TEST_CASE("a run that lacks the Redis of its traces changes nothing",
          "[postgres][schemas]") {
  TracesWorld world;
  world.trace(some_bytes(3 * full_chunk), {in_database, in_redis});
  const std::string before = world.database.dump();
  world.options.redis.reset();
  CHECK_THROWS_WITH(world.run(), Catch::Contains("give --redis URL"));
  world.options.redis_shared_state.reset();
  CHECK_THROWS_WITH(world.run(), Catch::Contains("give --redis URL"));
  CHECK(world.database.dump() == before);
  CHECK(world.losses() == Strings{});
}

TEST_CASE("a run that lacks the shared state of its traces changes nothing",
          "[postgres][schemas]") {
  TracesWorld world;
  world.trace("log", {in_shared_state});
  world.options.redis.reset();
  world.options.redis_shared_state.reset();
  CHECK_THROWS_AS(world.run(), jobs::Unfit);
  CHECK(world.losses() == Strings{});
}

TEST_CASE("a job dropped without the Redis of its trace is named, trace kept",
          "[postgres][schemas]") {
  TracesWorld world;
  const auto job = world.builds.job(world.builds.pipeline(world.builds.user()));
  world.chunk(job, 0, "log", in_redis);
  world.options.passes.insert(Pass::builds);
  world.options.redis.reset();
  const telemetry::Report& report = world.run();
  CHECK(report.pass(Pass::builds).dropped == 1);
  REQUIRE(report.problems_total() == 1);
  CHECK(report.problems()[0].reason ==
        "its chunks are in Redis: give --redis URL");
  CHECK(world.redis.get(TracesWorld::chunk_key(job, 0)) == "log");
  CHECK(world.chunk_rows() == 1);
}

TEST_CASE("without Redis a trace in the database is archived all the same",
          "[postgres][schemas]") {
  TracesWorld world;
  world.trace(some_bytes(2 * full_chunk), {in_database});
  world.options.redis.reset();
  world.options.redis_shared_state.reset();
  CHECK(world.archive().archived == 1);
  CHECK(world.left_over() == Strings{});
}

TEST_CASE("chunks in object storage want an object store",
          "[postgres][schemas]") {
  TracesWorld world;
  const auto job = world.trace("log", {in_database});
  world.builds.bare_chunk(job, 1, 3);
  const std::string before = world.database.dump();
  CHECK_THROWS_WITH(world.run(), Catch::Contains("give --object-store"));
  CHECK(world.database.dump() == before);
}

TEST_CASE("chunks in a store that nobody knows are named and kept",
          "[postgres][schemas]") {
  TracesWorld world;
  world.builds.bare_chunk(world.trace("log"), 1, 9);
  CHECK(only_problem(world) ==
        "its chunks are in a store that nobody here knows, 9");
}

TEST_CASE("without a store for archives nothing is touched",
          "[postgres][schemas]") {
  TracesWorld world;
  world.trace("log");
  world.options.local_store.reset();
  const std::string before = world.database.dump();
  CHECK_THROWS_WITH(world.run(), Catch::Contains("give --local-store DIR"));
  CHECK(world.database.dump() == before);
  CHECK(world.losses() == Strings{});
}

TEST_CASE("without a trace to archive no store is asked for",
          "[postgres][schemas]") {
  TracesWorld world;
  world.options.local_store.reset();
  CHECK(world.archive().outcome == Outcome::drained);
}

TEST_CASE("one trace that can't be stored does not keep others from it",
          "[postgres][schemas]") {
  TracesWorld world;
  const auto in_the_way = world.trace("of project 1");
  world.store.write("6b", "a file where project 1 has its directory");
  const auto other = world.builds.dropped_job(
      world.builds.pipeline(world.builds.user(), "failed", 2));
  world.chunk(other, 0, "of project 2", in_redis);
  world.texts[other] = "of project 2";

  const telemetry::Report& report = world.run();
  CHECK(report.pass(Pass::traces).archived == 1);
  CHECK(world.builds.archive(other) == "of project 2");
  CHECK(world.losses() == Strings{});
  REQUIRE(report.problems_total() == 1);
  CHECK(report.problems()[0].reason.starts_with("it cannot be stored"));
  CHECK(world.builds.archive(in_the_way) == "(none)");
  CHECK(world.redis.exists(TracesWorld::chunk_key(in_the_way, 0)));

  std::filesystem::remove(world.store.path() / "6b");
  CHECK(world.archive().archived == 1);
  CHECK(world.left_over() == Strings{});
}
