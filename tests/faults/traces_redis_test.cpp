#include "stores/store.hpp"
#include "tests/faults/busy_world.hpp"
#include "tests/support/fault_point.hpp"
#include "tests/support/some_bytes.hpp"
#include "tests/support/traces_world.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <thread>
#include <utility>

/// A Redis that is down, slow, started again or full, under the traces pass.
using telemetry::Outcome;
using tests::FaultHook;
using tests::full_chunk;
using tests::in_database;
using tests::in_redis;
using tests::some_bytes;
using tests::TracesWorld;
using Strings = std::vector<std::string>;

namespace {

/// Calls \a act at the first hit.
FaultHook once_at(const char* point, const std::function<void()>& act) {
  return {point, [act, done = false]() mutable {
            if (!std::exchange(done, true))
              act();
          }};
}

bool includes(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// A run of the program that can't begin: nothing is changed.
tests::Ended failing_run(TracesWorld& world,
                         const std::vector<std::string>& command) {
  const std::string before = world.database.dump();
  const tests::Ended ended = tests::run_program(command);
  INFO(ended.err);
  CHECK(world.database.dump() == before);
  CHECK(world.files_left() == 0);
  return ended;
}

}  // namespace

TEST_CASE("a Redis that is down at the start: 69, and nothing is touched",
          "[postgres][program][slow]") {
  TracesWorld world;
  world.trace("log", {in_database});
  const bool of_chunks = GENERATE(true, false);
  (of_chunks ? world.redis : world.shared_state).stop();
  if (of_chunks)
    world.builds.bare_chunk(world.builds.dropped_job(world.pipeline), 0,
                            in_redis);
  const tests::Ended ended = failing_run(world, world.command());
  CHECK(ended.status == 69);
  CHECK(includes(ended.err, "is out of reach"));
}

TEST_CASE("a wrong password for Redis: 78, and nothing is touched",
          "[postgres][program]") {
  TracesWorld world;
  world.trace("log");
  world.redis.command({"CONFIG", "SET", "requirepass", "right"});
  const tests::TemporaryDirectory directory;
  const auto url =
      directory.write("url", "unix://:secret@" + world.redis.socket());
  auto command = world.command();
  std::ranges::replace(command, world.redis.url(), "file:" + url.string());
  const tests::Ended ended = failing_run(world, command);
  CHECK(ended.status == 78);
  CHECK(includes(ended.err, "refused the user or the password"));
  CHECK_FALSE(includes(ended.err + ended.out, "secret"));
  world.redis.command({"CONFIG", "SET", "requirepass", ""});
  CHECK(world.losses() == Strings{});
}

TEST_CASE("a Redis that hangs for a moment is waited for", "[postgres][slow]") {
  const char* const point =
      GENERATE("traces.after_row", "traces.after_put", "traces.before_complete",
               "traces.before_forget", "traces.between_forgets");
  INFO(point);
  TracesWorld world;
  world.traces(3, {in_redis, in_database});
  std::thread resumer;
  {
    const FaultHook hook = once_at(point, [&] {
      world.redis.pause();
      resumer = std::thread([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds{300});
        world.redis.resume();
      });
    });
    CHECK(world.archive().archived == 3);
  }
  resumer.join();
  CHECK(world.left_over() == Strings{});
}

TEST_CASE("a Redis that hangs for good ends the pass, and no byte is lost",
          "[postgres][slow]") {
  const char* const point =
      GENERATE("traces.after_row", "traces.before_forget");
  INFO(point);
  TracesWorld world;
  world.traces(3, {in_redis, in_database});
  {
    const FaultHook hook = once_at(point, [&] { world.redis.pause(); });
    CHECK(world.archive().outcome == telemetry::Outcome::partial);
  }
  world.redis.resume();
  CHECK(world.losses() == Strings{});
  CHECK(world.shared_state.keys() == 0);
  world.run();
  CHECK(world.left_over() == Strings{});
}

TEST_CASE("a Redis that forgot all before it was read leaves no false archive",
          "[postgres]") {
  TracesWorld world;
  const auto job = world.trace(some_bytes(3 * full_chunk), {in_redis});
  world.texts.clear();
  {
    const FaultHook hook =
        once_at("traces.after_row", [&] { world.redis.restart(); });
    const telemetry::PassReport& pass = world.archive();
    CHECK(pass.archived == 0);
    CHECK(pass.lost == 1);
    CHECK(pass.failed == 1);
  }
  CHECK(world.builds.archive(job) == "(none)");
  CHECK(world.chunk_rows() == 3);
  CHECK(world.files_left() == 0);
}

TEST_CASE("a Redis that forgot all after it was read: the archive is whole",
          "[postgres][slow]") {
  const char* const point =
      GENERATE("traces.after_put", "traces.before_complete",
               "traces.before_forget", "traces.between_forgets");
  INFO(point);
  TracesWorld world;
  world.trace(some_bytes(3 * full_chunk), {in_redis});
  {
    const FaultHook hook = once_at(point, [&] { world.redis.restart(); });
    CHECK(world.archive().archived == 1);
  }
  CHECK(world.left_over() == Strings{});
}

TEST_CASE("a key evicted between two looks makes a trace partial, not whole",
          "[postgres]") {
  TracesWorld world;
  const std::string text = some_bytes(2 * full_chunk + 9);
  const auto job = world.trace(text, {in_redis});
  world.texts.clear();
  {
    const FaultHook hook = once_at("traces.after_row", [&] {
      world.redis.command({"DEL", TracesWorld::chunk_key(job, 1)});
    });
    const telemetry::PassReport& pass = world.archive();
    CHECK(pass.archived == 0);
    CHECK(pass.partial == 1);
    CHECK(pass.outcome == Outcome::drained);
  }
  CHECK(world.builds.archive(job) ==
        text.substr(0, full_chunk) +
            "\n[ci-janitor: 131072 bytes of this trace are missing here]\n" +
            text.substr(2 * full_chunk));
  CHECK(world.builds.violations() == Strings{});
  CHECK(world.files_left() == 1);
  CHECK(world.redis.keys() == 0);
}

TEST_CASE("a Redis that dies before keys go keeps the archive, and their rows",
          "[postgres][slow]") {
  TracesWorld world;
  world.trace(some_bytes(2 * full_chunk), {in_redis});
  {
    const FaultHook hook =
        once_at("traces.before_forget", [&] { world.redis.stop(); });
    CHECK(world.archive().outcome == telemetry::Outcome::partial);
  }
  world.redis.start();
  CHECK(world.losses() == Strings{});
  CHECK(world.chunk_rows() == 2);
  CHECK(world.archive().chunks == 2);
  CHECK(world.left_over() == Strings{});
}

TEST_CASE("a Redis of locks that dies in the middle loses no byte",
          "[postgres][slow]") {
  TracesWorld world;
  world.traces(20, {in_redis, in_database});
  {
    const FaultHook hook =
        once_at("traces.after_put", [&] { world.shared_state.stop(); });
    try {
      world.run();
    } catch (const stores::StoreError&) {
      // Or not: the next batch may have its locks already.
    }
  }
  world.shared_state.start();
  CHECK(world.losses() == Strings{});
  world.run();
  CHECK(world.left_over() == Strings{});
}
