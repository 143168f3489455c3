#include "jobs/left_edge.hpp"
#include "tests/jobs/slow_world.hpp"
#include "tests/jobs/writer.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <optional>
#include <thread>

using jobs::LeftEdge;
using telemetry::Outcome;

namespace {

constexpr std::int64_t edge = LeftEdge::most_rows;
constexpr std::int64_t many = 2 * LeftEdge::few_dead;

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

/// Artifacts that expired one second after the other, 1 to many at first.
struct EdgeWorld : tests::SlowWorld {
  EdgeWorld() {
    turn_autovacuum_off();
    add_expired(many);
    options.accept_missing = true;
    options.batch_size = 1000;
    options.max_load = 200;
    options.time_limit = std::chrono::seconds{60};
  }

  void add_expired(std::int64_t count) {
    add_rows(static_cast<int>(count),
             {.expire_at = "timestamptz '2024-01-01' + "
                           "id * interval '1 second'"});
  }

  /// The server's statistics come some time after what they tell of.
  void await_dead_rows(bool many_of_them) {
    const auto dead = [this] {
      database.flush_statistics();
      return database.number(
          "SELECT n_dead_tup FROM pg_stat_user_tables "
          "WHERE relname = 'ci_pipeline_artifacts'");
    };
    for (int tries = 0; tries < 600; ++tries) {
      if ((dead() > LeftEdge::few_dead) == many_of_them)
        return;
      std::this_thread::sleep_for(std::chrono::milliseconds{50});
    }
    FAIL("the statistics tell of " << dead() << " dead rows");
  }

  std::string ids_left() {
    return database.value(
        "SELECT coalesce(min(id) || '-' || max(id), 'none') || ', ' || "
        "count(*) FROM ci_pipeline_artifacts");
  }

  telemetry::Timestamp expiry_of_id(std::int64_t id) {
    using namespace std::chrono;
    return sys_days{2024y / 1 / 1} + seconds{id};
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
  LeftEdge left(true, LeftEdge::few_dead);
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
  LeftEdge left(true, LeftEdge::few_dead + 1);
  auto rows = page(1, edge + 50);
  left.hold_back(rows);
  CHECK(ids(rows) == "201-250, 50");
  CHECK(ids(left.give_back()) == "1-200, 200");
}

TEST_CASE("the edge is needed where many rows are dead, now or soon",
          "[unit]") {
  LeftEdge left(true, LeftEdge::few_dead - 1);
  auto rows = page(1, 2 * edge);
  left.hold_back(rows);
  CHECK_FALSE(left.is_needed(1));
  CHECK(left.is_needed(2));
  left.give_back();
  CHECK_FALSE(left.is_needed(2));
}

TEST_CASE("nothing is held back where nobody is there, or once given back",
          "[unit]") {
  LeftEdge none(false, 0);
  auto rows = page(1, 500);
  none.hold_back(rows);
  CHECK(rows.size() == 500);
  CHECK_FALSE(none.is_needed(many));

  LeftEdge given(true, LeftEdge::few_dead + 1);
  given.hold_back(rows);
  CHECK(given.give_back().size() == edge);
  given.hold_back(rows);
  CHECK(rows.size() == 500 - edge);
}

TEST_CASE("beside GitLab the oldest of many are kept, and it finds them first",
          "[postgres]") {
  EdgeWorld world;
  const tests::Writer gitlab;

  const telemetry::Report& report = world.run();

  const auto& pass = report.pass(telemetry::Pass::unlocked);
  CHECK(pass.outcome == Outcome::drained);
  CHECK(pass.destroyed == many - edge);
  CHECK(pass.kept == edge);
  CHECK(world.ids_left() == "201-400, 200");
  CHECK(report.backlog.unlocked == 0);
  CHECK_FALSE(report.backlog.oldest_expired_at);
  const std::int64_t buffers = world.buffers_of_gitlab();
  world.database.run("BEGIN; DELETE FROM ci_pipeline_artifacts");
  CHECK(world.buffers_of_gitlab() > 2 * buffers);
  world.database.run("ROLLBACK");
  CHECK(world.violations().empty());
}

TEST_CASE("what is kept stays until VACUUM has been there, and goes then",
          "[postgres]") {
  EdgeWorld world;
  std::optional<tests::Writer> gitlab;
  gitlab.emplace();
  world.run_unlocked();
  world.await_dead_rows(true);

  world.add_expired(50);
  const auto& before = world.run_unlocked();
  CHECK(before.destroyed == 50);
  CHECK(before.kept == edge);
  CHECK(world.ids_left() == "201-400, 200");

  world.database.run("VACUUM ci_pipeline_artifacts");
  world.await_dead_rows(false);
  SECTION("with what has expired since, if that is little") {
    world.add_expired(50);
    const auto& after = world.run_unlocked();
    CHECK(after.destroyed == edge + 50);
    CHECK(after.kept == 0);
  }
  SECTION("before another edge, if that is much") {
    world.add_expired(many);
    const auto& after = world.run_unlocked();
    CHECK(after.destroyed == many);
    CHECK(after.kept == edge);
    const std::int64_t next = many + 50;
    CHECK(world.ids_left() == std::to_string(next + 1) + "-" +
                                  std::to_string(next + edge) + ", 200");
    gitlab.reset();
    world.options.max_load = 0;
    CHECK(world.run_unlocked().destroyed == edge);
  }
  CHECK(world.rows_left() == 0);
  CHECK(world.violations().empty());
}

TEST_CASE("a run that is cut short tells what is left but for what is kept",
          "[postgres]") {
  EdgeWorld world;
  world.options.max_destroy = many - 1000;
  const tests::Writer gitlab;
  const telemetry::Report& report = world.run();
  CHECK(report.pass(telemetry::Pass::unlocked).outcome ==
        Outcome::budget_exhausted);
  CHECK(report.pass(telemetry::Pass::unlocked).kept == edge);
  CHECK(world.rows_left() == 1000);
  CHECK(report.backlog.unlocked == 1000 - edge);
  CHECK(report.backlog.oldest_expired_at > world.expiry_of_id(2 * edge));
}

TEST_CASE("only rows that a run would destroy are kept", "[postgres]") {
  EdgeWorld world;
  world.add_rows(1000, {.expire_at = "'2023-01-01'", .project_id = 7});
  world.options.except_projects = {7};
  const tests::Writer gitlab;
  CHECK(world.run_unlocked().kept == edge);
  CHECK(world.rows_left() == 1000 + edge);
  world.database.run("DELETE FROM ci_pipeline_artifacts WHERE project_id = 7");
  CHECK(world.ids_left() == "201-400, 200");
}

TEST_CASE("few artifacts all go, and many where nobody is to be heeded",
          "[postgres]") {
  EdgeWorld world;
  SECTION("few") {
    world.database.run("DELETE FROM ci_pipeline_artifacts WHERE id > 500");
    world.await_dead_rows(true);
    world.database.run("VACUUM ci_pipeline_artifacts");
    world.await_dead_rows(false);
  }
  SECTION("--max-load 0") {
    world.options.max_load = 0;
  }
  const tests::Writer gitlab;
  const std::int64_t rows = world.rows_left();
  CHECK(world.plan().destroyed() == rows);
  const auto& pass = world.run_unlocked();
  CHECK(pass.destroyed == rows);
  CHECK(pass.kept == 0);
}
