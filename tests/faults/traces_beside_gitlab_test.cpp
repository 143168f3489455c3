#include "tests/support/fault_point.hpp"
#include "tests/support/some_bytes.hpp"
#include "tests/support/trace_gitlab.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <functional>

/// The traces pass beside a live GitLab, step by step: whatever GitLab does
/// between two steps of ours, every byte is in a verified archive or in chunks.
using tests::FaultHook;
using tests::full_chunk;
using tests::in_database;
using tests::in_redis;
using tests::some_bytes;
using tests::TraceGitlab;
using tests::TracesWorld;
using Strings = std::vector<std::string>;

namespace {

const std::vector<std::string> points{
    "traces.chunks_read",     "traces.after_row",     "traces.after_put",
    "traces.before_complete", "traces.before_forget", "traces.between_forgets"};

/// Runs the first \a steps of what GitLab does when we come to a fault point
/// for the first time, and the rest at a later one, or after the run.
class Interleaving {
 public:
  Interleaving(TracesWorld& world, TraceGitlab::Steps steps)
      : world_(world), steps_(std::move(steps)) {}

  void run(const std::string& first_point, std::size_t steps,
           const std::string& second_point) {
    {
      const FaultHook first(first_point, [&] { go_to(steps); });
      if (second_point == first_point)
        go_on_with_the_run();
      else
        run_with_second(second_point, steps);
    }
    go_to(steps_.size());
  }

 private:
  void run_with_second(const std::string& point, std::size_t after) {
    const FaultHook second(point, [&] {
      if (done_ >= after)
        go_to(steps_.size());
    });
    go_on_with_the_run();
  }

  void go_on_with_the_run() {
    world_.run();
    CHECK(world_.lost_traces() == Strings{});
  }

  void go_to(std::size_t end) {
    for (; done_ < end; ++done_) {
      steps_[done_]();
      // GitLab's row is there a step before its object.
      CHECK(world_.lost_traces() == Strings{});
    }
  }

  TracesWorld& world_;
  TraceGitlab::Steps steps_;
  std::size_t done_ = 0;
};

/// Every way to part \a steps once, at every pair of points.
void check_all(TracesWorld& world,
               const std::function<TraceGitlab::Steps(std::int64_t)>& steps_of,
               const std::vector<int>& data_stores, std::size_t length,
               bool lose_lock = false) {
  for (std::size_t first = 0; first < points.size(); ++first)
    for (std::size_t second = first; second < points.size(); ++second) {
      const auto count = steps_of(0).size();
      for (std::size_t steps = second == first ? count : 1;
           steps <= (second == first ? count : count - 1); ++steps) {
        INFO(points[first] << ": " << steps << " steps, then "
                           << points[second]);
        const auto job = world.trace(some_bytes(length), data_stores);
        auto all = steps_of(job);
        if (lose_lock)
          all.front() = [&world, job, step = all.front()] {
            world.shared_state.command({"DEL", TracesWorld::lock_key(job)});
            step();
          };
        Interleaving(world, all).run(points[first], steps, points[second]);
        world.run();
        CHECK(world.left_over() == Strings{});
        world.set_aside.insert(job);
      }
    }
  world.set_aside.clear();
  CHECK(world.left_over() == Strings{});
}

}  // namespace

TEST_CASE("GitLab flushes a chunk at any step: no byte is lost", "[postgres]") {
  TracesWorld world;
  TraceGitlab gitlab(world);
  const int index = GENERATE(0, 1);
  check_all(
      world, [&](std::int64_t job) { return gitlab.flush(job, index); },
      {in_redis}, full_chunk + 50);
}

TEST_CASE("GitLab flushes all chunks at any step: no byte is lost",
          "[postgres][slow]") {
  TracesWorld world;
  TraceGitlab gitlab(world);
  check_all(
      world,
      [&](std::int64_t job) {
        TraceGitlab::Steps steps = gitlab.flush(job, 0);
        for (auto& step : gitlab.flush(job, 1))
          steps.push_back(std::move(step));
        return steps;
      },
      {in_redis}, full_chunk + 50);
}

TEST_CASE("GitLab archives at any step, where we can't see its locks",
          "[postgres][slow]") {
  TracesWorld world;
  world.options.redis.reset();
  world.options.redis_shared_state.reset();
  TraceGitlab gitlab(world);
  check_all(
      world, [&](std::int64_t job) { return gitlab.archive(job); },
      {in_database}, full_chunk + 50);
}

TEST_CASE("GitLab archives at any step, when we have lost the lock",
          "[postgres][slow]") {
  TracesWorld world;
  TraceGitlab gitlab(world);
  check_all(
      world, [&](std::int64_t job) { return gitlab.archive(job); },
      {in_redis, in_database}, full_chunk + 50, /*lose_lock=*/true);
}

TEST_CASE("GitLab that archives under the lock finds it taken at any step",
          "[postgres][schemas]") {
  TracesWorld world;
  TraceGitlab gitlab(world);
  for (const std::string& point : points) {
    INFO(point);
    const auto job = world.trace(some_bytes(full_chunk + 50));
    {
      const FaultHook hook(
          point, [&] { CHECK_FALSE(gitlab.archive_under_lock(job)); });
      CHECK(world.archive().archived == 1);
    }
    CHECK(world.left_over() == Strings{});
    CHECK(gitlab.archive_under_lock(job));
    CHECK(world.left_over() == Strings{});
  }
}

TEST_CASE("a chunk that moves at every look is left for a later run",
          "[postgres][schemas]") {
  TracesWorld world;
  const auto job = world.trace(some_bytes(full_chunk + 50));
  {
    const FaultHook hook("traces.before_complete", [&] {
      world.database.run(
          "UPDATE ci_build_trace_chunks SET lock_version = lock_version + 1");
    });
    const telemetry::PassReport& pass = world.archive();
    CHECK(pass.archived == 0);
    CHECK(pass.skipped == 1);
    CHECK(pass.outcome == telemetry::Outcome::throttled);
  }
  CHECK(world.builds.archive(job) == "(none)");
  CHECK(world.losses() == Strings{});
  CHECK(world.archive().archived == 1);
  CHECK(world.left_over() == Strings{});
}

TEST_CASE("a chunk that GitLab moves while it is looked for is no lost one",
          "[postgres][schemas]") {
  TracesWorld world;
  TraceGitlab gitlab(world);
  const auto job = world.trace("one chunk");
  bool moved = false;
  const FaultHook hook("traces.chunks_read", [&] {
    if (!moved)
      for (const auto& step : gitlab.flush(job, 0))
        step();
    moved = true;
  });
  const telemetry::PassReport& pass = world.archive();
  CHECK(moved);
  CHECK(pass.archived == 1);
  CHECK(pass.lost == 0);
  CHECK(world.left_over() == Strings{});
}
