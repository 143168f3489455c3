// A standby at the address, and a primary among several.

#include "tests/command_line/janitor.hpp"
#include "tests/support/postgres_server.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <thread>

using tests::complaint;
using tests::contains;
using tests::Ended;

namespace {

/// A World on a primary that has a standby.
struct Replicated {
  Replicated() {
    world.add_live();
    world.add_many(3);
    await_standby();
  }

  /// Until it has all that the primary has.
  void await_standby() {
    const auto behind = [&] {
      return world.database.number(
                 "SELECT count(*) FROM pg_stat_replication WHERE replay_lsn >= "
                 "(SELECT pg_current_wal_lsn())") == 0;
    };
    for (int tries = 0; behind() && tries < 2000; ++tries)
      std::this_thread::sleep_for(std::chrono::milliseconds{10});
    REQUIRE_FALSE(behind());
  }

  Ended janitor(const std::string& command, const std::string& hosts,
                const std::string& wanted = "any") const {
    return tests::janitor(
        world, {command},
        {{"PGHOST", hosts}, {"PGTARGETSESSIONATTRS", wanted}});
  }

  tests::PostgresServer primary;
  std::unique_ptr<tests::PostgresServer> standby = primary.standby();
  tests::ScopedEnvironment here = primary.environment();
  tests::World world;
};

}  // namespace

TEST_CASE("a standby is refused before anything is done",
          "[postgres][program]") {
  Replicated servers;
  const Ended run = servers.janitor("run", servers.standby->host());
  CHECK(run.status == 78);
  CHECK(contains(complaint(run), "this server is a standby"));
  CHECK(contains(complaint(run), "connect to the primary"));

  const Ended check = servers.janitor("check", servers.standby->host());
  CHECK(check.status == 78);
  CHECK(contains(check.out, "\nfail     primary"));
  CHECK(servers.world.rows_left() == 4);
  CHECK(servers.world.files_left() == 4);
}

TEST_CASE("the primary is found among several hosts", "[postgres][program]") {
  Replicated servers;
  const std::string hosts =
      servers.standby->host() + ',' + servers.primary.host();
  // The first that answers, unless they say what they want.
  CHECK(servers.janitor("check", hosts).status == 78);
  for (const char* const wanted : {"read-write", "primary"}) {
    const Ended check = servers.janitor("check", hosts, wanted);
    INFO(check.err);
    CHECK(check.status == 0);
  }
  CHECK(servers.janitor("run", hosts, "read-write").status == 0);
  CHECK(servers.world.rows_left() == 1);
  CHECK(servers.world.violations().empty());
}

TEST_CASE("hosts of which none is the primary are out of reach, not unfit",
          "[postgres][program][slow]") {
  const Replicated servers;
  const Ended ended =
      servers.janitor("check", servers.standby->host(), "read-write");
  // A standby may be promoted at any moment: the next run may find it so.
  CHECK(ended.status == 69);
  CHECK(contains(ended.err, "session is read-only"));
}
