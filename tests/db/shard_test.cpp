#include "db/shard.hpp"

#include "db/builds.hpp"
#include "db/deleted_objects.hpp"
#include "db/explain.hpp"
#include "tests/support/test_database.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <limits>
#include <span>

using db::Shard;

TEST_CASE("every id is in one share, as SQL has it too", "[postgres]") {
  tests::TestDatabase database;
  using Limits = std::numeric_limits<std::int64_t>;
  for (const std::int64_t id :
       {std::int64_t{0}, std::int64_t{1}, std::int64_t{-7},
        std::int64_t{2147483647}, std::int64_t{1} << 40, Limits::max(),
        Limits::min()})
    for (const std::int64_t count : {1, 2, 3, 7, 1000000}) {
      CAPTURE(id, count);
      const std::int64_t index = database.number(fmt::format(
          "SELECT abs({}::numeric % 2147483647) * 1583458089 % 2147483647 % {}",
          id, count));
      CHECK(Shard{count, index}.takes(id));
      CHECK_FALSE(Shard{count + 1, count + 1}.takes(id));
      CHECK(database.value("SELECT " + db::in_shard(fmt::format("'{}'", id),
                                                    std::to_string(count),
                                                    std::to_string(index))) ==
            "t");
      if (count > 1)
        CHECK_FALSE(Shard{count, (index + 1) % count}.takes(id));
    }
}

TEST_CASE("shares are about equal, however the ids run", "[unit]") {
  for (const std::int64_t step : {1, 2, 16, 1000, 4096})
    for (const std::int64_t count : {2, 3, 4, 7, 16}) {
      std::array<int, 16> sizes{};
      for (std::int64_t id = step; id <= 1600 * step; id += step)
        for (std::int64_t index = 0; index < count; ++index)
          sizes.at(static_cast<std::size_t>(index)) +=
              Shard{count, index}.takes(id) ? 1 : 0;
      const auto used = std::span(sizes).first(static_cast<std::size_t>(count));
      CAPTURE(step, count);
      CHECK(*std::ranges::min_element(used) > 1600 / count * 6 / 10);
      CHECK(*std::ranges::max_element(used) < 1600 / count * 14 / 10);
    }
}

TEST_CASE("a share is read off the index that all are read off", "[postgres]") {
  tests::TestDatabase database;
  database.run(
      "INSERT INTO projects (id, name, namespace_id) VALUES (1, 'p', 1); "
      "INSERT INTO ci_deleted_objects (store_dir, file, pick_up_at) "
      "SELECT 'd', 'f', now() + n * interval '1 second' "
      "FROM generate_series(-100, 30000) AS n; "
      "INSERT INTO ci_pipelines (project_id, user_id, status) "
      "SELECT 1, n % 1000, CASE WHEN n % 100 = 0 THEN 'running' ELSE "
      "'success' END FROM generate_series(1, 30000) AS n");
  database.run("ANALYZE ci_deleted_objects, ci_pipelines");
  std::atomic<bool> stop{false};
  db::Pool pool("test", stop);
  const db::Catalog catalog = db::Catalog::read(pool, {});
  db::Session session;
  session.search_path = catalog.search_path();
  session.tables = &catalog.tables();
  const db::Builds builds(pool, db::cancelable_statuses(catalog));
  std::vector<db::Statement> all = builds.statements({7, 3});
  std::ranges::copy(db::DeletedObjects::statements(
                        std::chrono::floor<std::chrono::microseconds>(
                            std::chrono::system_clock::now()),
                        {7, 3}),
                    std::back_inserter(all));
  int looked_at = 0;
  for (const db::Statement& statement : all) {
    const std::string table =
        statement.large_table == nullptr ? "" : statement.large_table;
    if (statement.wanted_index == nullptr ||
        (table != "ci_deleted_objects" && table != "ci_pipelines"))
      continue;
    ++looked_at;
    INFO(statement.query.name);
    for (const db::PlanNode& node :
         db::explain(pool, session, statement, false).nodes) {
      INFO(node.type);
      CHECK_FALSE((node.relation == table && node.type == "Seq Scan"));
    }
  }
  CHECK(looked_at == 4);
}
