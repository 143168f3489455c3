#include "tests/support/fault_point.hpp"
#include "tests/support/some_bytes.hpp"
#include "tests/support/trace_gitlab.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>

/// The traces pass while a runner still appends: what came too late for an
/// archive is kept in its chunks, and named.
using tests::FaultHook;
using tests::full_chunk;
using tests::in_redis;
using tests::some_bytes;
using tests::TraceGitlab;
using tests::TracesWorld;
using Strings = std::vector<std::string>;

namespace {

const std::vector<std::string> runner_points{
    "traces.chunks_read",     "traces.after_row",     "traces.after_put",
    "traces.before_complete", "traces.before_forget", "traces.between_forgets"};

/// Whatever is not archived must still be there, and named.
void check_kept_and_named(TracesWorld& world, std::int64_t job) {
  const telemetry::Report& report = world.run();
  CHECK(world.losses() == Strings{});
  if (world.builds.archive(job) == world.texts[job]) {
    CHECK(world.left_over() == Strings{});
    return;
  }
  REQUIRE(report.problems_total() == 1);
  CHECK(report.problems()[0].reason.find(fmt::format("job {}", job)) !=
        std::string::npos);
}

}  // namespace

TEST_CASE("a runner that appends at any step loses no byte",
          "[postgres][slow]") {
  const std::string point = GENERATE(from_range(runner_points));
  const std::size_t length = GENERATE(100, full_chunk - 1, full_chunk + 50);
  const std::size_t more = GENERATE(1, 2 * full_chunk);
  INFO(point << ", " << length << " and " << more << " bytes");
  TracesWorld world;
  TraceGitlab gitlab(world);
  const auto job = world.trace(some_bytes(length));
  int hits = 0;
  bool taken = false;
  {
    const FaultHook hook(point, [&] {
      if (++hits == 1)
        taken = gitlab.append(job, some_bytes(more, 7));
    });
    world.run();
  }
  REQUIRE(hits > 0);
  CHECK(taken == (point != "traces.between_forgets"));
  CHECK(world.losses() == Strings{});
  check_kept_and_named(world, job);
}

TEST_CASE("a runner that fills an empty chunk at any step loses no byte",
          "[postgres]") {
  const std::string point =
      GENERATE("traces.after_row", "traces.before_forget");
  TracesWorld world;
  TraceGitlab gitlab(world);
  const auto job = world.builds.dropped_job(world.pipeline);
  world.chunk(job, 0, "", in_redis);
  world.texts[job] = "";
  {
    const FaultHook hook(point, [&] {
      world.redis.command({"APPEND", TracesWorld::chunk_key(job, 0), "late"});
      world.texts[job] = "late";
    });
    world.run();
  }
  CHECK(world.losses() == Strings{});
  check_kept_and_named(world, job);
}

TEST_CASE("a runner appends and GitLab flushes between: no byte is lost",
          "[postgres][slow]") {
  const std::string point = GENERATE(from_range(runner_points));
  INFO(point);
  TracesWorld world;
  TraceGitlab gitlab(world);
  const auto job = world.trace(some_bytes(full_chunk - 10));
  int hits = 0;
  {
    const FaultHook hook(point, [&] {
      if (++hits > 1)
        return;
      if (gitlab.append(job, some_bytes(30, 7)))
        for (const auto& step : gitlab.flush(job, 0))
          step();
    });
    world.run();
  }
  CHECK(world.losses() == Strings{});
  check_kept_and_named(world, job);
}

TEST_CASE("a runner that appends at every step of every look loses no byte",
          "[postgres]") {
  const std::size_t more = GENERATE(10, 50'000, full_chunk);
  TracesWorld world;
  TraceGitlab gitlab(world);
  const auto job = world.trace(some_bytes(500));
  const auto append = [&] { gitlab.append(job, some_bytes(more, 7)); };
  {
    const FaultHook row("traces.after_row", append);
    const FaultHook put("traces.after_put", append);
    const FaultHook complete("traces.before_complete", append);
    const FaultHook forget("traces.before_forget", append);
    const FaultHook between("traces.between_forgets", append);
    world.run();
    CHECK(world.losses() == Strings{});
    world.run();
  }
  check_kept_and_named(world, job);
}
