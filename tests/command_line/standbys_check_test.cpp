#include "db/replication.hpp"
#include "jobs/check_standbys.hpp"
#include "tests/command_line/janitor.hpp"
#include "tests/jobs/parsing.hpp"
#include "tests/support/replicated_server.hpp"

#include <catch2/catch.hpp>

#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <thread>

using jobs::Level;
using tests::contains;
using tests::Ended;
using tests::janitor;
using tests::World;

namespace {

/// A world, and what check finds of its standbys.
struct Watched : World {
  Watched() { add_live(); }
  ~Watched() override { database.run("DROP ROLE IF EXISTS " + role); }

  jobs::Finding standbys_finding(std::int64_t wanted) {
    options.command = jobs::Command::check;
    options.wait_for_standby = wanted;
    jobs::Installation installation(options, "test", stop);
    jobs::Findings findings;
    jobs::check_standbys(installation, findings);
    return findings.empty() ? jobs::Finding{} : findings.front();
  }

  /// From now on as a role that may see what standbys are doing: one of this
  /// test's own, since other tests share the server and its roles.
  void look_at_standbys() {
    database.run(
        fmt::format("CREATE ROLE {} LOGIN IN ROLE {}, "
                    "pg_read_all_stats",
                    role, tests::program_role));
    as_watcher.emplace(Variables{{"PGUSER", role}});
  }

  using Variables = std::vector<std::pair<std::string, std::string>>;
  std::string role = "guest_" + database.name();
  std::optional<tests::ScopedEnvironment> as_watcher;
};

}  // namespace

TEST_CASE("how many standbys to wait for is a number", "[unit]") {
  CHECK(tests::parse({"run", "--wait-for-standby", "2"}).wait_for_standby == 2);
  for (const char* const value : {"-1", "all", "1.5", "", "101"})
    CHECK(tests::refusal({"run", "--wait-for-standby", value})
              .starts_with("--wait-for-standby is"));
  CHECK_FALSE(tests::refusal({"explain", "--wait-for-standby", "1"}).empty());
}

TEST_CASE("without --wait-for-standby nobody looks for standbys",
          "[postgres]") {
  CHECK(Watched().standbys_finding(0).subject.empty());
}

TEST_CASE("a run that could wait for no standby is not begun",
          "[postgres][program]") {
  Watched world;
  world.look_at_standbys();
  world.add();
  for (const char* const command : {"check", "run", "plan"}) {
    const Ended ended = janitor(world, {command, "--wait-for-standby", "1"});
    CHECK(ended.status == 78);
    CHECK(contains(ended.out + ended.err,
                   "0 of the 1 that --wait-for-standby asks for"));
  }
  CHECK(world.rows_left() == 2);
  CHECK(world.files_left() == 2);
}

TEST_CASE("check says what a role lacks to see standbys", "[postgres]") {
  Watched world;
  world.database.run("CREATE ROLE " + world.role + " LOGIN");
  const tests::ScopedEnvironment as_role({{"PGUSER", world.role}});
  const jobs::Finding blind = world.standbys_finding(1);
  CHECK(blind.level == Level::fail);
  CHECK(contains(blind.text, "GRANT pg_read_all_stats"));

  world.database.run("GRANT pg_read_all_stats TO " + world.role);
  CHECK(contains(world.standbys_finding(1).text, "0 of the 1"));

  world.database.run("ALTER ROLE " + world.role +
                     " SET synchronous_commit = off");
  const jobs::Finding careless = world.standbys_finding(1);
  CHECK(careless.level == Level::fail);
  CHECK(contains(careless.text, "synchronous_commit is off"));
}

TEST_CASE("check counts the standbys that stream", "[postgres][slow]") {
  tests::ReplicatedServer servers;
  Watched world;
  world.look_at_standbys();
  CHECK(world.standbys_finding(1).level == Level::ok);
  CHECK(world.standbys_finding(1).text == "1 streaming, 1 asked for");
  CHECK(contains(world.standbys_finding(2).text, "1 of the 2"));
  servers.cut_off();
  CHECK(contains(world.standbys_finding(1).text, "0 of the 1"));
}

TEST_CASE("a subscriber of logical replication is no standby",
          "[postgres][program][slow]") {
  const tests::PostgresServer server({"wal_level=logical"});
  const auto here = server.environment();
  Watched world;
  world.look_at_standbys();
  tests::Program subscriber({"/usr/bin/env", "pg_recvlogical", "--username",
                             tests::owner_role, "--dbname",
                             world.database.name(), "--slot", "subscriber",
                             "--create-slot", "--start", "--file", "/dev/null",
                             "--status-interval", "1"});
  while (world.database.number("SELECT count(*) FROM pg_stat_replication "
                               "WHERE state = 'streaming' "
                               "AND flush_lsn IS NOT NULL") == 0)
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  CHECK(contains(world.standbys_finding(1).text, "0 of the 1"));
}
