#include "db/build_queries.hpp"
#include "db/explain.hpp"
#include "tests/support/from_one_to.hpp"
#include "tests/support/test_database.hpp"

#include <catch2/catch.hpp>

namespace {

using Numbers = std::vector<std::int64_t>;

/// Five jobs and stages in each of 2,000 pipelines, known to the planner.
void fill(tests::TestDatabase& database) {
  database.run(
      "INSERT INTO ci_pipelines (id, project_id, status) "
      "SELECT n, 1, 'running' FROM generate_series(1, 2000) AS n; "
      "INSERT INTO ci_stages (id, pipeline_id, status) "
      "SELECT n, 1 + (n - 1) / 5, 2 FROM generate_series(1, 10000) AS n; "
      "INSERT INTO ci_builds (id, commit_id, status, type) "
      "SELECT n, 1 + (n - 1) / 5, 'running', 'Ci::Build' "
      "FROM generate_series(1, 10000) AS n; "
      "ANALYZE ci_pipelines; ANALYZE ci_stages; ANALYZE ci_builds");
}

/// Drops the jobs of the first 50 pipelines, and tells these, and a stage each.
db::Parameters first_group() {
  const Numbers jobs = tests::from_one_to(250);
  const Numbers pipelines = tests::from_one_to(50);
  const Numbers none;
  Numbers of_jobs;
  for (const std::int64_t job : jobs)
    of_jobs.push_back(1 + (job - 1) / 5);
  return db::Parameters()
      .add(jobs)
      .add(of_jobs)
      .add(Numbers(250, 0))
      .add(std::vector<std::string>{"created", "pending", "running"})
      .add(pipelines)
      .add(pipelines)
      .add(Numbers(50, 0))
      .add(Numbers(50, 4))
      .add(pipelines)
      .add(Numbers(50, 0))
      .add(std::vector<std::string>(50, "failed"))
      .add(Numbers(50, 0))
      .add(none)
      .add(none)
      .add(none)
      .add(pipelines)
      .add(Numbers{100});
}

}  // namespace

TEST_CASE("a slice goes by its jobs' ids, where a table is small, too",
          "[postgres]") {
  tests::TestDatabase database;
  fill(database);
  const std::atomic<bool> stop{false};
  db::Pool pool{"test", stop};
  const db::Catalog catalog = db::Catalog::read(pool, {});
  db::Session session;
  session.search_path = catalog.search_path();
  session.tables = &catalog.tables();

  const db::Plan plan = db::explain(
      pool, session,
      {"builds", db::drop_query(), first_group(), false, nullptr, nullptr},
      false);

  CHECK_FALSE(plan.scans_whole("ci_builds"));
  CHECK_FALSE(plan.scans_whole("ci_stages"));
  CHECK_FALSE(plan.scans_whole("ci_pipelines"));
}
