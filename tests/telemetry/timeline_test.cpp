#include "telemetry/timeline.hpp"
#include "telemetry/durations.hpp"
#include "telemetry/projects.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using telemetry::Durations;
using telemetry::Moment;
using telemetry::Projects;
using telemetry::Timeline;

TEST_CASE("a timeline keeps every batch while there are few", "[unit]") {
  Timeline timeline;
  CHECK(timeline.moments().empty());
  timeline.note({1, "unlocked", 10, 3, 0.5});
  timeline.note({0.5, "legacy", 5, 4, 0.6});  // noted late
  const auto moments = timeline.moments();
  REQUIRE(moments.size() == 2);
  CHECK(moments[1].done == 15);
  CHECK(moments[1].seconds == 1);
  CHECK(moments[1].pass == "legacy");
}

TEST_CASE("a timeline of any length stays small and ends where the run did",
          "[unit]") {
  for (const int batches : {599, 600, 601, 1199, 1200, 12'345, 100'001}) {
    Timeline timeline;
    for (int i = 1; i <= batches; ++i)
      timeline.note({i * 0.01, "unlocked", 2, i, 0});
    const auto moments = timeline.moments();
    CHECK(moments.size() <= Timeline::longest);
    CHECK(moments.size() >=
          std::min<std::size_t>(static_cast<std::size_t>(batches),
                                Timeline::longest / 2));
    CHECK(moments.back().done == 2 * batches);
    CHECK(moments.back().statements == batches);
    for (std::size_t i = 0; i < moments.size(); ++i)
      CHECK(moments[i].done == 2 * moments[i].statements);
  }
}

TEST_CASE("projects are ranked by what went, and the rest is summed",
          "[unit]") {
  Projects projects;
  projects.add({{1, {.destroyed = 1, .bytes = 5}}, {2, {.dropped = 9}}});
  projects.add({{1, {.destroyed = 1, .bytes = 5}}, {3, {.traces = 1}}});
  projects.add({{4, {.destroyed = 9, .bytes = 9}}});
  const auto ranking = projects.ranking(2);
  REQUIRE(ranking.first.size() == 2);
  CHECK(ranking.first[0].id == 1);
  CHECK(ranking.first[0].work.bytes == 10);
  CHECK(ranking.first[1].id == 4);
  CHECK(ranking.others_count == 2);
  CHECK(ranking.others == telemetry::ProjectWork{.dropped = 9, .traces = 1});
}

TEST_CASE("more projects than can be kept are summed up", "[unit]") {
  Projects projects;
  Projects::Work work;
  for (std::size_t id = 1; id <= Projects::most_known + 3; ++id)
    work[static_cast<std::int64_t>(id)] = {.destroyed = 1};
  projects.add(work);
  projects.add(work);
  const auto ranking = projects.ranking(Projects::most_known + 10);
  CHECK(ranking.first.size() == Projects::most_known);
  CHECK(ranking.first.back().work.destroyed == 2);
  CHECK(ranking.others.destroyed == 6);
}

TEST_CASE("a duration falls into the bucket whose bound it keeps", "[unit]") {
  Durations durations;
  for (const auto duration : std::initializer_list<std::chrono::nanoseconds>{
           -1ms, 0ms, 1ms, 1ms + 1ns, 30s, 31s})
    durations.record("a", duration);
  durations.record("", 1s);
  const auto kinds = durations.read();
  REQUIRE(kinds.size() == 2);
  CHECK(kinds[0].name.empty());
  CHECK(kinds[1].counts[0] == 3);
  CHECK(kinds[1].counts[1] == 1);
  CHECK(kinds[1].counts[Durations::bucket_count - 2] == 1);
  CHECK(kinds[1].counts[Durations::bucket_count - 1] == 1);
  CHECK(kinds[1].seconds == Approx(61.002));
}
