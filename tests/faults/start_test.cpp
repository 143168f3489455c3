#include "tests/support/pooler.hpp"
#include "tests/support/postgres_server.hpp"
#include "tests/support/program.hpp"
#include "tests/support/slow_proxy.hpp"
#include "tests/support/world.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <list>
#include <string>
#include <thread>
#include <vector>

/// What goes wrong before a run has begun.
namespace {

using telemetry::Outcome;
using tests::World;

/// A client of the program's role waits for a server; who comes after it is
/// refused.  One that was given the session that has just broken does not wait,
/// and another takes its place.
void have_one_wait(tests::Pooler& pooler, std::list<tests::Program>& clients) {
  constexpr std::size_t user = 1;
  constexpr std::size_t waiting = 3;
  const auto waits = [](const tests::Row& row) {
    return row.at(user) == tests::program_role && row.at(waiting) != "0";
  };
  const std::vector<std::string> ask{"/usr/bin/env", "psql", "-c", "SELECT 1"};
  for (int looks = 0; !std::ranges::any_of(pooler.console("SHOW POOLS"), waits);
       ++looks) {
    if (looks % 20 == 0)
      clients.emplace_back(ask);
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
}

}  // namespace

TEST_CASE("a session that breaks while a run looks around is opened again",
          "[postgres]") {
  World world;
  world.add_live();
  for (const char* const statement :
       {"pg_is_in_recovery", "pg_attribute", "pg_walfile_name",
        "has_table_privilege", "LIMIT 50"}) {
    INFO("at " << statement);
    world.add();
    tests::SlowProxy proxy;
    const auto through = proxy.environment();
    proxy.cut(tests::Cut::before_answer, statement);
    const telemetry::Report& report = world.run();
    CHECK(proxy.has_cut());
    CHECK(report.outcome() == Outcome::drained);
    CHECK(report.destroyed() == 1);
  }
}

TEST_CASE("a run waits for a pooler whose server is started again",
          "[postgres][slow]") {
  // Said, or it would be the pooler's, which PGPORT is then.
  tests::PostgresServer server({"port=5432"});
  const auto here = server.environment();
  World world;
  world.add_live();
  tests::Pooler pooler({"server_login_retry=3"});
  const auto through = pooler.environment();
  world.run();  // from now on the pooler lets the role in by itself
  world.add();
  server.crash();
  std::list<tests::Program> clients;
  have_one_wait(pooler, clients);
  server.start();

  CHECK(world.run().destroyed() == 1);
}
