#include "tests/command_line/janitor.hpp"

#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>

using nlohmann::json;
using tests::contains;
using tests::Ended;
using tests::janitor;
using tests::World;

namespace {

/// Enough rows that no planner reads the tables whole: 30,000 artifacts, of
/// which one in ten has expired unlocked and half have expired.
struct Large : World {
  Large() {
    database.run(
        "INSERT INTO projects (id, name, namespace_id) VALUES (1, 'p', 1); "
        "INSERT INTO ci_pipelines (id, project_id, locked) "
        "SELECT n, 1, n % 2 FROM generate_series(1, 30000) AS n; "
        "INSERT INTO ci_pipeline_artifacts (created_at, updated_at, "
        "pipeline_id, project_id, size, file_store, file_type, file_format, "
        "file, expire_at, locked) SELECT now(), now(), n, 1, 10, 1, 1, 1, "
        "'code_coverage.json', now() + (n - 15000) * interval '1 minute', "
        "CASE WHEN n % 10 = 0 THEN 0 WHEN n % 10 = 1 THEN 2 ELSE 1 END "
        "FROM generate_series(1, 30000) AS n; "
        "INSERT INTO ci_deleted_objects (store_dir, file, pick_up_at) "
        "SELECT 'd', 'f', now() + n * interval '1 second' "
        "FROM generate_series(-100, 60000) AS n");
    database.run(
        "ANALYZE ci_pipelines, ci_pipeline_artifacts, ci_deleted_objects");
  }
  [[nodiscard]] json explained(std::vector<std::string> words = {}) const {
    words.insert(words.begin(), {"explain", "--output", "json"});
    return json::parse(janitor(*this, words).out);
  }
};

json statement(const json& document, const std::string& name) {
  for (const json& found : document["statements"])
    if (found["statement"] == name)
      return found;
  FAIL("there is no statement " << name);
  return {};
}

}  // namespace

TEST_CASE("explain finds every statement in order where the indexes are there",
          "[postgres][program]") {
  const Large world;
  const Ended ended = janitor(world, {"explain"});
  INFO(ended.out);
  CHECK(ended.status == 0);
  CHECK(ended.err.empty());
  CHECK_FALSE(contains(ended.out, "\n  fail: "));
  CHECK_FALSE(contains(ended.out, "\n  warning: "));
  CHECK(contains(ended.out, "artifacts.page_unlocked  [unlocked]"));
  CHECK(contains(ended.out,
                 "  ok: index ci_pipeline_artifacts_on_expire_at_for_removal"));

  const json document = world.explained();
  CHECK(document["program"] == "ci-janitor");
  CHECK(document["command"] == "explain");
  for (const json& found : document["statements"]) {
    INFO(found.dump());
    CHECK(found["verdict"] == "ok");
    REQUIRE(found["plan"].size() >= 1);
    CHECK(found["plan"][0]["depth"] == 0);
  }
  CHECK(statement(document, "artifacts.destroy_unlocked")["pass"] ==
        "unlocked");
  CHECK(statement(document, "pipelines.look_up_locks")["pass"] == "legacy");
  CHECK(statement(document, "deleted_objects.lease")["pass"] == "objects");
}

TEST_CASE("explain says which index to create where it is missing",
          "[postgres][program]") {
  Large world;
  world.database.run(
      "DROP INDEX ci_pipeline_artifacts_on_expire_at_for_removal");
  const Ended ended = janitor(world, {"explain"});
  CHECK(ended.status == 78);
  CHECK(contains(ended.out,
                 "\n  fail: the index is missing; CREATE INDEX CONCURRENTLY ON "
                 "ci_pipeline_artifacts (expire_at) WHERE locked = 0 AND "
                 "expire_at IS NOT NULL\n"));
  const json document = world.explained();
  CHECK(statement(document, "artifacts.page_unlocked")["verdict"] == "fail");
  CHECK(statement(document, "artifacts.page_expired")["verdict"] == "ok");

  // A pass that is left out needs none.
  CHECK(janitor(world, {"explain", "--passes", "legacy,objects"}).status == 0);
}

TEST_CASE("explain warns where another table would be read whole",
          "[postgres][program]") {
  Large world;
  world.database.run("DROP INDEX index_ci_deleted_objects_on_pick_up_at");
  // A hundred of 60,000 entries are due: few rows to expect, many to read.
  const json due = statement(world.explained(), "deleted_objects.list_due");
  INFO(due.dump());
  CHECK(due["verdict"] == "warning");
  CHECK(due["text"] ==
        "ci_deleted_objects is read whole; CREATE INDEX CONCURRENTLY ON "
        "ci_deleted_objects (pick_up_at)");
  // Slow is not unfit.
  CHECK(janitor(world, {"explain"}).status == 0);
}

TEST_CASE("explain runs only what reads, and only if it is to analyze",
          "[postgres][program]") {
  Large world;
  const std::string before = world.database.dump();
  const Ended plain = janitor(world, {"explain"});
  CHECK_FALSE(contains(plain.out, " ms)"));

  const Ended analyzed = janitor(world, {"explain", "--analyze"});
  INFO(analyzed.err);
  CHECK(analyzed.status == 0);
  // A block for each statement: what reads shows the time that it took.
  std::size_t begin = 0;
  int reading = 0;
  int writing = 0;
  for (std::size_t end = 0;
       (end = analyzed.out.find("\n\n", begin)) != std::string::npos;
       begin = end + 2) {
    const std::string block = analyzed.out.substr(begin, end - begin);
    INFO(block);
    const bool writes =
        contains(block, "ModifyTable") || contains(block, "LockRows");
    CHECK(contains(block, " ms)") == !writes);
    ++(writes ? writing : reading);
  }
  CHECK(reading >= 5);
  CHECK(writing >= 5);
  CHECK(world.database.dump() == before);
}

TEST_CASE("explain changes nothing of the database", "[postgres][program]") {
  Large world;
  const std::string before = world.database.dump();
  const auto tuples = [&] {
    return world.database.number(
        "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del)::bigint FROM "
        "pg_stat_user_tables");
  };
  const std::int64_t written = tuples();
  CHECK(janitor(world, {"explain"}).status == 0);
  CHECK(tuples() == written);
  CHECK(world.database.dump() == before);
}
