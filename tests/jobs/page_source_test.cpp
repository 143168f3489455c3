#include "jobs/page_source.hpp"

#include "db/artifact_queries.hpp"
#include "tests/support/fault_point.hpp"
#include "tests/support/world.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <thread>

using jobs::PageSource;
using telemetry::Outcome;
using telemetry::Pass;
using tests::TestSession;
using tests::World;

namespace {

/// Rows without files, of which the store need not know.
void add_bare(World& world, std::int64_t count, const std::string& expire_at,
              const std::string& locked = "0") {
  world.options.accept_missing = true;
  world.options.concurrency = 4;
  world.add_rows(static_cast<int>(count),
                 {.expire_at = expire_at, .locked = locked});
}

const std::string all_different =
    "timestamptz '2024-01-01' + id * interval '1 second'";

/// Buffers that a page after \a cursor (SQL) touches, all of them: what the
/// server would do for the program's own statement.
std::int64_t buffers_of_page(World& world, const std::string& cursor,
                             std::int64_t limit) {
  world.database.run("SET enable_seqscan = off; SET enable_bitmapscan = off");
  db::Pool pool("test", world.stop);
  const db::Catalog catalog = db::Catalog::read(pool, {});
  world.database.run(
      "PREPARE page AS " +
      catalog.tables().write(db::page_query(db::Selection::unlocked).sql));
  const std::string plan = world.database.value(
      fmt::format("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) "
                  "EXECUTE page ({}, now(), {})",
                  cursor, limit));
  world.database.run("DEALLOCATE page");
  const auto node = nlohmann::json::parse(plan).at(0).at("Plan");
  CHECK(plan.find("Index Scan") != std::string::npos);
  return node.at("Shared Hit Blocks").get<std::int64_t>() +
         node.at("Shared Read Blocks").get<std::int64_t>();
}

/// What index scans of the table have returned so far, dead entries among it.
std::int64_t entries_read(World& world) {
  // A session tells its figures when it ends.
  while (world.database.number(
             "SELECT count(*) FROM pg_stat_activity WHERE datname = "
             "current_database() AND application_name LIKE 'ci-janitor%'") > 0)
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  world.database.flush_statistics();
  return world.database.number(
      "SELECT sum(idx_tup_read) FROM pg_stat_all_indexes "
      "WHERE relname = 'ci_pipeline_artifacts' "
      "AND indexrelname LIKE '%expire_at%'");
}

}  // namespace

TEST_CASE("a page, and one row more or less", "[postgres]") {
  const int off = GENERATE(-1, 0, 1);
  World world;
  add_bare(world, PageSource::page_size + off, all_different);
  world.options.passes = {Pass::unlocked};

  const telemetry::Report& report = world.run();

  CHECK(report.destroyed() == PageSource::page_size + off);
  CHECK(report.outcome() == Outcome::drained);
  CHECK(world.rows_left() == 0);
  CHECK(world.violations().empty());
}

TEST_CASE("a legacy page, and one row more", "[postgres]") {
  World world;
  add_bare(world, PageSource::page_size + 1, all_different, "2");

  const telemetry::Report& report = world.run();

  CHECK(report.pass(Pass::legacy).scanned == PageSource::page_size + 1);
  CHECK(report.pass(Pass::legacy).destroyed == PageSource::page_size + 1);
  CHECK(world.rows_left() == 0);
}

TEST_CASE("a tie that goes on over the end of a page loses no row",
          "[postgres]") {
  World world;
  add_bare(world, PageSource::page_size - 10, all_different);
  add_bare(world, 25, "'2024-02-01'");
  add_bare(world, 25, "'2024-02-02'");

  const telemetry::Report& report = world.run();

  CHECK(report.pass(Pass::unlocked).destroyed == PageSource::page_size + 40);
  CHECK(world.rows_left() == 0);
}

TEST_CASE("a mass of rows with one expire_at drains, each row once",
          "[postgres][slow]") {
  World world;
  const std::int64_t rows = 3 * PageSource::largest_page;
  add_bare(world, 5, "'2024-01-02'");
  add_bare(world, rows, "'2024-01-01'");
  add_bare(world, 5, "'2023-12-31'");
  add_bare(world, 5, "now() + interval '1 day'");
  add_bare(world, 5, "'2024-01-01'", "1");
  add_bare(world, 1, "'2024-01-01'");
  world.options.passes = {Pass::unlocked};
  CHECK(world.plan().pass(Pass::unlocked).destroyed == rows + 11);
  // Were they sorted, a page would read all of them.
  world.database.run("VACUUM ANALYZE ci_pipeline_artifacts");
  CHECK(buffers_of_page(world, "'2024-01-01'", 1000) <
        buffers_of_page(world, "'2024-01-01'", rows) / 5);

  const telemetry::Report& report = world.run();

  CHECK(report.destroyed() == rows + 11);
  CHECK(report.pass(Pass::unlocked).bytes == 100 * (rows + 11));
  CHECK(report.pass(Pass::unlocked).skipped == 0);
  CHECK(report.outcome() == Outcome::drained);
  CHECK(world.rows_left() == 10);
  CHECK(world.statistic() == 1000);
}

TEST_CASE("a mass of legacy rows with one expire_at is looked at row by row",
          "[postgres][slow]") {
  World world;
  const std::int64_t rows = PageSource::largest_page + 1;
  add_bare(world, rows, "'2024-01-01'", "2");
  add_bare(world, 1, "'2024-01-02'", "2");

  const telemetry::Report& report = world.run();

  CHECK(report.pass(Pass::legacy).scanned == rows + 1);
  CHECK(report.pass(Pass::legacy).destroyed == rows + 1);
  CHECK(world.rows_left() == 0);
}

TEST_CASE("rows that have been expired for ever go before all others",
          "[postgres]") {
  World world;
  add_bare(world, PageSource::page_size + 1, "'-infinity'");
  add_bare(world, 1, "'4714-11-24 00:00:00+00 BC'");
  world.options.passes = {Pass::unlocked};

  CHECK(world.run().destroyed() == PageSource::page_size + 2);
  CHECK(world.rows_left() == 0);
}

TEST_CASE("a window of ids that times out is cut", "[postgres][slow]") {
  World world;
  const std::int64_t rows = PageSource::largest_page + 1;
  add_bare(world, rows, "'2024-01-01'");
  // A window of 10,000 ids takes a second, of 1,250 a quarter of the timeout.
  world.database.run(fmt::format(
      "CREATE FUNCTION slowly() RETURNS boolean LANGUAGE plpgsql AS $$BEGIN "
      "IF current_query() LIKE '%BETWEEN%' THEN PERFORM pg_sleep(0.005); "
      "END IF; RETURN true; END$$; "
      "CREATE POLICY slow ON ci_pipeline_artifacts TO {} "
      "USING (id % 50 <> 0 OR slowly()); "
      "ALTER TABLE ci_pipeline_artifacts ENABLE ROW LEVEL SECURITY",
      tests::program_role));
  world.options.statement_timeout = std::chrono::milliseconds{500};
  world.options.passes = {Pass::unlocked};
  int pages = 0;
  const tests::FaultHook hook("page.read", [&] { ++pages; });

  const telemetry::Report& report = world.run();

  CHECK(report.destroyed() == rows);
  CHECK(report.outcome() == Outcome::drained);
  CHECK(pages > 4);
  CHECK(world.rows_left() == 0);
}

TEST_CASE("no page returns to the rows that are dead already", "[postgres]") {
  World world;
  const std::int64_t rows = 3 * PageSource::page_size;
  world.options.passes = {Pass::unlocked};
  const auto entries_of_plan = [&] {
    const std::int64_t before = entries_read(world);
    world.plan();
    return entries_read(world) - before;
  };
  add_bare(world, rows, all_different);
  const std::int64_t undisturbed = entries_of_plan();
  // It keeps every entry of what is deleted from being cleaned.
  TestSession old;
  old.begin();
  old.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
  old.run("SELECT count(*) FROM projects");
  int pages = 0;
  const tests::FaultHook hook("page.read", [&] {
    TestSession().run(
        fmt::format("DELETE FROM ci_pipeline_artifacts WHERE id <= {}",
                    ++pages * PageSource::page_size));
  });

  const std::int64_t disturbed = entries_of_plan();

  CHECK(pages >= 3);
  CHECK(undisturbed >= rows);
  // Beginning at the left edge, two pages would meet a page of dead entries
  // and two.
  CHECK(disturbed < undisturbed + 2 * PageSource::page_size);
}

TEST_CASE("a page costs as much at the end of a run as at its start",
          "[postgres]") {
  World world;
  const std::int64_t rows = 2 * PageSource::page_size;
  add_bare(world, rows, all_different);
  world.database.run("VACUUM ANALYZE ci_pipeline_artifacts");
  const std::int64_t at_start = buffers_of_page(world, "'-infinity'", 1000);
  TestSession old;
  old.begin();
  old.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
  old.run("SELECT count(*) FROM ci_pipeline_artifacts");

  world.options.max_destroy = rows - 1000;
  world.options.passes = {Pass::unlocked};
  world.options.concurrency = 1;
  CHECK(world.run().destroyed() == rows - 1000);

  const std::string cursor = fmt::format(
      "'2024-01-01'::timestamptz + {} * interval '1 second'", rows - 1000);
  const std::int64_t at_end = buffers_of_page(world, cursor, 1000);
  const std::int64_t from_left = buffers_of_page(world, "'-infinity'", 1000);
  CHECK(at_end < 2 * at_start);
  CHECK(from_left > 5 * at_start);
}

TEST_CASE("a page that times out is looked at in slices of time",
          "[postgres][slow]") {
  World world;
  const std::string role = world.database.name() + "_role";
  // Many rows that cost time and are not there, as dead entries are: a policy
  // hides them, slowly, before two that are.  Four seconds in all: what else a
  // busy machine is asked must be answered within half of that.
  add_bare(world, 200, "timestamptz '2018-01-01' + id * interval '10 days'");
  const auto visible = world.add({.expire_at = "'2024-06-01'"});
  const auto last = world.add();
  world.database.run(fmt::format(
      "CREATE ROLE {0} LOGIN; "
      "GRANT ALL ON ALL TABLES IN SCHEMA public TO {0}; "
      "GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {0}; "
      "CREATE FUNCTION slowly(hidden boolean) RETURNS boolean "
      "LANGUAGE plpgsql AS $$BEGIN "
      "IF hidden AND current_setting('application_name') LIKE '%unlocked%' "
      "THEN PERFORM pg_sleep(0.02); END IF; "
      "RETURN NOT hidden; END$$; "
      "CREATE POLICY slow ON ci_pipeline_artifacts TO {0} "
      "USING (slowly(expire_at < '2024-05-01')); "
      "ALTER TABLE ci_pipeline_artifacts ENABLE ROW LEVEL SECURITY",
      role));
  world.options.statement_timeout = std::chrono::seconds{2};
  world.options.passes = {Pass::unlocked};
  int pages = 0;
  const tests::FaultHook hook("page.read", [&] { ++pages; });

  std::int64_t destroyed = 0;
  Outcome outcome{};
  {
    const tests::ScopedEnvironment as_role({{"PGUSER", role}});
    const telemetry::Report& report = world.run();
    destroyed = report.destroyed();
    outcome = report.outcome();
  }
  world.database.run(fmt::format("DROP OWNED BY {0}; DROP ROLE {0}", role));

  CHECK(destroyed == 2);
  CHECK(outcome == Outcome::drained);
  CHECK(pages > 2);
  CHECK_FALSE(world.row_exists(visible));
  CHECK_FALSE(world.row_exists(last));
  CHECK(world.rows_left() == 200);
}
