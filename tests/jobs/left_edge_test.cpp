#include "jobs/left_edge.hpp"
#include "tests/jobs/slow_world.hpp"
#include "tests/jobs/writer.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <optional>

using jobs::LeftEdge;
using telemetry::Outcome;

namespace {

constexpr std::int64_t edge = LeftEdge::most_rows;
constexpr std::int64_t many = LeftEdge::few + 2 * edge + 1;

std::vector<db::Artifact> page(std::int64_t first, std::int64_t rows) {
  std::vector<db::Artifact> page(static_cast<std::size_t>(rows));
  for (db::Artifact& row : page)
    row.id = first++;
  return page;
}

/// "first-last" and how many there are.
std::string ids(const std::vector<db::Artifact>& rows) {
  return rows.empty() ? "none"
                      : std::to_string(rows.front().id) + "-" +
                            std::to_string(rows.back().id) + ", " +
                            std::to_string(rows.size());
}

/// Artifacts 1 to many, one second after the other.
struct EdgeWorld : tests::SlowWorld {
  EdgeWorld() {
    turn_autovacuum_off();
    add_rows(many, {.expire_at = "timestamptz '2024-01-01' + "
                                 "id * interval '1 second'"});
    options.accept_missing = true;
    options.batch_size = 1000;
    options.max_load = 200;
    options.time_limit = std::chrono::seconds{60};
  }

  std::string ids_left() {
    return database.value(
        "SELECT coalesce(min(id) || '-' || max(id), 'none') || ', ' || "
        "count(*) FROM ci_pipeline_artifacts");
  }

  /// Buffers that GitLab's own query touches.
  std::int64_t buffers_of_gitlab() {
    database.run("SET enable_seqscan = off; SET enable_bitmapscan = off");
    const auto plan = nlohmann::json::parse(database.value(
        "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT * FROM "
        "ci_pipeline_artifacts WHERE expire_at < now() AND locked = 0 "
        "LIMIT 100"));
    const auto& node = plan.at(0).at("Plan");
    return node.at("Shared Hit Blocks").get<std::int64_t>() +
           node.at("Shared Read Blocks").get<std::int64_t>();
  }
};

}  // namespace

TEST_CASE("the edge is the rows after the first ones, over several pages",
          "[unit]") {
  LeftEdge left(true, LeftEdge::few);
  auto first = page(1, edge + 50);
  left.hold_back(first);
  CHECK(ids(first) == "1-200, 200");
  auto second = page(251, 1000);
  left.hold_back(second);
  CHECK(ids(second) == "401-1250, 850");
  auto third = page(1251, 100);
  left.hold_back(third);
  CHECK(third.size() == 100);
  CHECK(ids(left.give_back()) == "201-400, 200");
  CHECK(left.size() == 0);
}

TEST_CASE("before VACUUM has been there the edge is the very first rows",
          "[unit]") {
  LeftEdge left(true, LeftEdge::few + 1);
  auto rows = page(1, edge + 50);
  left.hold_back(rows);
  CHECK(ids(rows) == "201-250, 50");
  CHECK(ids(left.give_back()) == "1-200, 200");
}

TEST_CASE("nothing is held back where nobody is there, or once given back",
          "[unit]") {
  LeftEdge none(false, 0);
  auto rows = page(1, 500);
  none.hold_back(rows);
  CHECK(rows.size() == 500);
  CHECK(none.size() == 0);

  LeftEdge given(true, LeftEdge::few + 1);
  given.hold_back(rows);
  CHECK(given.give_back().size() == edge);
  given.hold_back(rows);
  CHECK(rows.size() == 500 - edge);
}

TEST_CASE("beside GitLab the oldest of many are kept, and it finds them first",
          "[postgres]") {
  EdgeWorld world;
  std::optional<tests::Writer> gitlab;
  gitlab.emplace();
  const telemetry::PassReport& first = world.run_unlocked();
  CHECK(first.outcome == Outcome::drained);
  CHECK(first.destroyed == many - edge);
  CHECK(first.kept == edge);
  CHECK(world.ids_left() == "201-400, 200");
  const std::int64_t buffers = world.buffers_of_gitlab();
  world.database.run("BEGIN; DELETE FROM ci_pipeline_artifacts");
  CHECK(world.buffers_of_gitlab() > 5 * buffers);
  world.database.run("ROLLBACK");

  // The next ones to expire, before VACUUM and after it: those that were kept
  // stay as long as what is dead lies behind them.
  world.database.flush_statistics();
  world.add_rows(many);
  CHECK(world.run_unlocked().kept == edge);
  CHECK(world.ids_left() == "201-400, 200");
  world.database.run("VACUUM ci_pipeline_artifacts");
  world.add_rows(many);
  CHECK(world.run_unlocked().kept == edge);
  CHECK(world.ids_left() == std::to_string(2 * many + 1) + "-" +
                                std::to_string(2 * many + edge) + ", 200");

  gitlab.reset();
  world.options.max_load = 0;
  CHECK(world.run_unlocked().kept == 0);
  CHECK(world.ids_left() == "none, 0");
  CHECK(world.violations().empty());
}

TEST_CASE("few artifacts all go, and so do many where nobody is heeded",
          "[postgres]") {
  EdgeWorld world;
  SECTION("few") {
    world.database.run("DELETE FROM ci_pipeline_artifacts WHERE id > 500");
  }
  SECTION("--max-load 0") {
    world.options.max_load = 0;
  }
  const tests::Writer gitlab;
  CHECK(world.plan().destroyed() == world.rows_left());
  CHECK(world.run_unlocked().kept == 0);
  CHECK(world.rows_left() == 0);
}
