#include "tests/faults/busy_world.hpp"
#include "tests/support/fault_point.hpp"
#include "tests/support/trace_gitlab.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>

/// Two runs of the traces pass, and the lock that keeps others out.
using telemetry::Outcome;
using telemetry::Pass;
using tests::FaultHook;
using tests::in_database;
using tests::in_redis;
using tests::in_shared_state;
using tests::TracesWorld;
using Strings = std::vector<std::string>;

namespace {

std::int64_t archived_in(const tests::Ended& ended) {
  return tests::summary_of(ended)
      .at("passes")
      .at("traces")
      .at("archived")
      .get<std::int64_t>();
}

/// The words that run the program on traces in the database, without Redis.
std::vector<std::string> without_redis(const TracesWorld& world) {
  auto words = world.command(JANITOR_PROGRAM);
  std::erase_if(words, [](const std::string& word) {
    return word.starts_with("--redis") || word.starts_with("unix:");
  });
  return words;
}

}  // namespace

TEST_CASE("two runs at once archive each trace once",
          "[postgres][program][schemas]") {
  TracesWorld world;
  world.traces(120, {in_redis, in_database, in_shared_state});
  tests::Program one(world.command(JANITOR_PROGRAM));
  tests::Program two(world.command(JANITOR_PROGRAM));
  std::int64_t archived = 0;
  for (const tests::Ended& ended : {one.wait(), two.wait()}) {
    INFO(ended.err);
    CHECK(ended.status == 0);
    archived += archived_in(ended);
  }
  CHECK(world.losses() == Strings{});
  // What the other held is taken by the next run.
  archived += world.archive().archived;
  CHECK(archived == 120);
  CHECK(world.left_over() == Strings{});
}

TEST_CASE("two runs at once without the Redis of locks lose no byte",
          "[postgres][program]") {
  TracesWorld world;
  world.traces(120, {in_database});
  tests::Program one(without_redis(world));
  tests::Program two(without_redis(world));
  one.wait();
  two.wait();
  CHECK(world.losses() == Strings{});
  world.run();
  CHECK(world.left_over() == Strings{});
}

TEST_CASE("a whole run between any two steps of another loses no byte",
          "[postgres][program]") {
  const char* const point =
      GENERATE("traces.after_row", "traces.after_put", "traces.before_complete",
               "traces.before_forget", "traces.between_forgets");
  const bool with_locks = GENERATE(true, false);
  INFO(point << (with_locks ? "" : ", without locks"));
  TracesWorld world;
  world.traces(5, {in_database});
  auto command = world.command(JANITOR_PROGRAM);
  if (!with_locks) {
    command = without_redis(world);
    world.options.redis.reset();
    world.options.redis_shared_state.reset();
  }
  int hits = 0;
  {
    const FaultHook hook(point, [&] {
      if (++hits > 1)
        return;
      const tests::Ended ended = tests::run_program(command);
      INFO(ended.err);
      CHECK(ended.status == 0);
      CHECK(world.losses() == Strings{});
      if (with_locks)
        CHECK(archived_in(ended) == 0);
    });
    world.run();
  }
  REQUIRE(hits > 0);
  CHECK(world.losses() == Strings{});
  world.run();
  CHECK(world.left_over() == Strings{});
}

TEST_CASE("a trace that somebody holds is left alone, the others are archived",
          "[postgres][schemas]") {
  TracesWorld world;
  const auto held = world.trace("held");
  world.shared_state.set(TracesWorld::lock_key(held), "GitLab's token");
  const std::string before = world.database.dump();
  const telemetry::Report& report = world.run();
  CHECK(report.pass(Pass::traces).outcome == Outcome::throttled);
  CHECK(report.pass(Pass::traces).skipped == 1);
  CHECK(report.pass(Pass::traces).archived == 0);
  CHECK(report.problems_total() == 0);
  CHECK(report.backlog.traces == 1);
  CHECK(world.database.dump() == before);
  CHECK(world.redis.keys() == 1);
  CHECK(world.shared_state.get(TracesWorld::lock_key(held)) ==
        "GitLab's token");

  world.traces(3, {in_redis, in_database});
  CHECK(world.archive().archived == 3);
  CHECK(world.builds.archive(held) == "(none)");
  world.let_leases_end();
  CHECK(world.archive().archived == 1);
  CHECK(world.left_over() == Strings{});
}

TEST_CASE("the lock that GitLab takes is held at each step, and given back",
          "[postgres][schemas]") {
  TracesWorld world;
  const auto job = world.trace("log");
  const std::string lock = TracesWorld::lock_key(job);
  std::vector<std::string> tokens;
  const auto look = [&] {
    tokens.push_back(world.shared_state.get(lock).value_or("(free)"));
    const auto left =
        std::stoll(world.shared_state.command({"PTTL", lock}).value());
    CHECK(left > 540'000);
    CHECK(left <= 600'000);
    CHECK_FALSE(tests::TraceGitlab(world).archive_under_lock(job));
  };
  {
    const FaultHook row("traces.after_row", look);
    const FaultHook put("traces.after_put", look);
    const FaultHook complete("traces.before_complete", look);
    const FaultHook forget("traces.before_forget", look);
    const FaultHook between("traces.between_forgets", look);
    CHECK(world.archive().archived == 1);
  }
  REQUIRE(tokens.size() == 5);
  CHECK(tokens == Strings(5, tokens[0]));
  CHECK(tokens[0].size() >= 32);
  CHECK(world.left_over() == Strings{});
}

TEST_CASE("a plan takes no lock, and looks past those of others",
          "[postgres][schemas]") {
  TracesWorld world;
  const auto held = world.trace("held");
  world.trace("free");
  world.shared_state.set(TracesWorld::lock_key(held), "GitLab's token");
  CHECK(world.plan().pass(Pass::traces).archived == 2);
  CHECK(world.shared_state.keys() == 1);
}

TEST_CASE("where one Redis is given, it is the one with the locks",
          "[postgres][schemas]") {
  TracesWorld world;
  world.options.redis_shared_state.reset();
  const auto held = world.trace("held");
  world.redis.set(TracesWorld::lock_key(held), "GitLab's token");
  CHECK(world.archive().skipped == 1);
  CHECK(world.losses() == Strings{});
}
